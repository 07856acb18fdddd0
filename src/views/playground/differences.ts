import type { ShownText } from '../../run/playgroundProtocol';

/** How a text differs from another one that begins alike. */
export type Difference =
  /** As far as both are written. */
  | { readonly is: 'same'; readonly isFinal: boolean }
  /** From this token on (counted from 0): `piece` holds it; null where this text has already ended there. */
  | { readonly is: 'differs'; readonly token: number; readonly piece: number | null };

/** Where `text` first has another token than `first`. Undefined where there is nothing to compare yet. */
export function firstDifference(first: ShownText, text: ShownText): Difference | undefined {
  if (first.end?.reason === 'failed' || text.end?.reason === 'failed') return undefined;
  const [ours, others] = [tokensOf(text), tokensOf(first)];
  const length = Math.min(ours.length, others.length);
  for (let token = 0; token < length; token++) {
    if (ours[token]!.id !== others[token]!.id) return { is: 'differs', token, piece: ours[token]!.piece };
  }
  // Where one has ended by itself, what the other goes on with is a difference.
  if (ours.length > length && first.end?.reason === 'stop') {
    return { is: 'differs', token: length, piece: ours[length]!.piece };
  }
  if (others.length > length && text.end?.reason === 'stop') return { is: 'differs', token: length, piece: null };
  if (length === 0 && (first.end === null || text.end === null)) return undefined;
  return { is: 'same', isFinal: first.end !== null && text.end !== null };
}

function tokensOf({ pieces }: ShownText): readonly { readonly id: number; readonly piece: number }[] {
  return pieces.flatMap(({ tokens }, piece) => tokens.map(({ id }) => ({ id, piece })));
}
