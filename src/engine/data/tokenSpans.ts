import type { Tokenizer } from './tokenizer';

/** Number of tokens with which both begin. */
export function commonPrefix(left: ArrayLike<number>, right: ArrayLike<number>): number {
  const length = Math.min(left.length, right.length);
  let index = 0;
  while (index < length && left[index] === right[index]) index++;
  return index;
}

/** A text with its tokens, and which of them a place in the text belongs to. */
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
  const starts = byteStarts(text, ids, tokenizer);
  if (starts === undefined) return { text, ids, ...placesByPrefix(text, ids, encode) };
  const firstFrom = (byte: number) => starts.findIndex((start) => start >= byte);
  const orEnd = (index: number) => (index === -1 ? ids.length : index);
  const byteAt = (offset: number) => Buffer.byteLength(text.slice(0, offset));
  return {
    text,
    ids,
    tokenAt: (offset) => {
      const byte = byteAt(offset);
      const next = orEnd(firstFrom(byte));
      return next < ids.length && starts[next] === byte ? next : Math.max(0, next - 1);
    },
    tokenAfter: (offset) => orEnd(firstFrom(byteAt(offset))),
  };
}

/**
 * Where in the text's UTF-8 bytes each token begins, or undefined if the tokens do not spell the text (a normalizer
 * changed it, or characters without a token were dropped). A space that the tokenizer put before a word is no part of
 * the text.
 */
function byteStarts(text: string, ids: Int32Array, tokenizer: Tokenizer): number[] | undefined {
  const bytes = Buffer.from(text);
  const starts: number[] = [];
  let at = 0;
  for (const id of ids) {
    const piece = tokenizer.tokenBytes(id);
    const added = piece[0] === 0x20 && bytes[at] !== 0x20 ? 1 : 0;
    const length = piece.length - added;
    if (bytes.compare(piece, added, piece.length, at, at + length) !== 0) return undefined;
    starts.push(at);
    at += length;
  }
  return at === bytes.length ? starts : undefined;
}

/** Without offsets a place is found by tokenizing what is before it. */
function placesByPrefix(
  text: string,
  ids: Int32Array,
  encode: (part: string) => Int32Array,
): Pick<TokenizedText, 'tokenAt' | 'tokenAfter'> {
  return {
    tokenAt: (offset) => commonPrefix(encode(text.slice(0, offset)), ids),
    tokenAfter: (offset) => {
      const before = encode(text.slice(0, offset));
      const same = commonPrefix(before, ids);
      // A token across the boundary holds characters of both sides; it counts to the span that ends in it.
      return same < before.length ? same + 1 : same;
    },
  };
}
