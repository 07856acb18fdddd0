import type { PlaygroundColumn } from '../../../run/playground';
import { matchColumns } from '../../../run/playgroundColumns';
import type { ShownRun, ShownText, ShownTurn, TalkStep } from '../../../run/playgroundProtocol';

/**
 * What each column has of the conversation when its next prompt is written: its own answers, by whichever weights they were
 * written. A column that was not there goes on from the answers of the first one, so that all have the same number of turns.
 * @param last what was written last; undefined where nothing was
 */
export function earlierTurns(
  columns: readonly PlaygroundColumn[],
  last: ShownRun | undefined,
  step: TalkStep,
): readonly (readonly ShownTurn[])[] {
  if (step === 'first' || last?.isChat !== true) return columns.map(() => []);
  const [prompt] = last.prompts;
  return matchColumns(columns, last.columns).map((matched) => {
    const from = matched ?? 0;
    const before = last.earlier[from] ?? [];
    const [text, by] = [last.texts[from], last.columns[from]];
    if (step === 'again' || prompt === undefined || text === undefined || by === undefined) return before;
    return [...before, { prompt, answer: lettersOf(text), by }];
  });
}

function lettersOf({ pieces }: ShownText): string {
  return pieces.map(({ text }) => text).join('');
}
