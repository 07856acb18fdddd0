import { formatPercent } from '../../run/format';
import type { PlaygroundPiece, PlaygroundToken } from '../../run/playground';

/** How likely a token was, in words and as the name of its look. */
export interface Band {
  readonly name: string;
  readonly words: string;
  /** Least probability. */
  readonly from: number;
}

export const bands: readonly Band[] = [
  { name: 'sure', words: '90 % and more', from: 0.9 },
  { name: 'likely', words: '50 to 90 %', from: 0.5 },
  { name: 'possible', words: '20 to 50 %', from: 0.2 },
  { name: 'unlikely', words: '5 to 20 %', from: 0.05 },
  { name: 'rare', words: 'below 5 %', from: 0 },
];

/** The band of a piece: of several tokens that of the least likely one. Undefined where no probability is known. */
export function bandOf({ tokens }: PlaygroundPiece): Band | undefined {
  if (tokens.length === 0) return undefined;
  const least = Math.exp(Math.min(...tokens.map(({ logprob }) => logprob)));
  return bands.find(({ from }) => least >= from) ?? bands.at(-1);
}

/** `“ 10”, 98.2 %` */
function chanceText({ text, logprob }: { readonly text: string; readonly logprob: number }): string {
  return `${quoted(text)} ${formatPercent(100 * Math.exp(logprob))}`;
}

/** What the model thought at a token's place: `“ 10” 98.2 %; instead: “ 11” 0.7 %, “,” 0.2 %`. */
export function tokenWords(token: PlaygroundToken): string {
  const instead = token.top.filter(({ id }) => id !== token.id).slice(0, 4);
  return instead.length === 0
    ? chanceText(token)
    : `${chanceText(token)}; instead: ${instead.map(chanceText).join(', ')}`;
}

function quoted(text: string): string {
  return `“${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')}”`;
}
