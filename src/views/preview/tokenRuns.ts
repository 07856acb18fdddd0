import type { PreviewToken, ReadableRow } from '../../run/preview';

/** What becomes of a token: only read, learnt, or cut off before the model sees it. */
export type TokenFate = 'read' | 'learnt' | 'cut';

/** Neighbouring tokens of one fate; `start` is the number of the first. */
export interface TokenRun {
  readonly fate: TokenFate;
  readonly start: number;
  readonly tokens: readonly PreviewToken[];
}

export function fateOf(row: ReadableRow, at: number): TokenFate {
  if (at >= row.seen) return 'cut';
  return row.tokens[at]!.supervised ? 'learnt' : 'read';
}

/** The tokens `[from, to)` of a row in stretches of one fate. */
export function tokenRuns(row: ReadableRow, from: number, to: number): readonly TokenRun[] {
  const runs: TokenRun[] = [];
  const end = Math.min(to, row.tokens.length);
  for (let start = from; start < end;) {
    const fate = fateOf(row, start);
    let next = start + 1;
    while (next < end && fateOf(row, next) === fate) next++;
    runs.push({ fate, start, tokens: row.tokens.slice(start, next) });
    start = next;
  }
  return runs;
}

export const fateWords: Readonly<Record<TokenFate, string>> = {
  read: 'only read',
  learnt: 'learnt',
  cut: 'cut off',
};
