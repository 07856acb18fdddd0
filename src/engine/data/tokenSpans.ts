import type { Tokenizer } from './tokenizer';

/** Number of tokens with which both begin. */
export function commonPrefix(left: ArrayLike<number>, right: ArrayLike<number>): number {
  const length = Math.min(left.length, right.length);
  let index = 0;
  while (index < length && left[index] === right[index]) index++;
  return index;
}

/** Tokens of a text that was not given token offsets: a place in the text is found by tokenizing what is before it. */
export interface TokenizedText {
  readonly text: string;
  readonly ids: Int32Array;
  /** The token that holds the character at `offset`. */
  tokenAt(offset: number): number;
  /** The token after the one that holds the last character before `offset`. */
  tokenAfter(offset: number): number;
}

export function tokenizeText(text: string, tokenizer: Tokenizer): TokenizedText {
  const encode = (part: string) => tokenizer.encode(part, { addSpecialTokens: false });
  const ids = encode(text);
  return {
    text,
    ids,
    tokenAt: (offset) => commonPrefix(encode(text.slice(0, offset)), ids),
    tokenAfter: (offset) => {
      const before = encode(text.slice(0, offset));
      const same = commonPrefix(before, ids);
      // A token across the boundary holds characters of both sides; it counts to the span that ends in it.
      return same < before.length ? same + 1 : same;
    },
  };
}
