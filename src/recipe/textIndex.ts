import type { Position, TextRange } from './problem';

/** Turns offsets in a text into lines and characters (0-based, UTF-16 units; `\n`, `\r\n` and `\r` end a line). */
export class TextIndex {
  readonly #lineStarts: readonly number[];
  readonly #length: number;

  constructor(text: string) {
    this.#lineStarts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), (match) => match.index + match[0].length)];
    this.#length = text.length;
  }

  position(offset: number): Position {
    const clamped = Math.max(0, Math.min(offset, this.#length));
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#lineStarts[middle]! <= clamped) low = middle;
      else high = middle - 1;
    }
    return { line: low, character: clamped - this.#lineStarts[low]! };
  }

  /** Inverse of `position`; what lies beyond a line is the start of the next. */
  offset({ line, character }: Position): number {
    const start = this.#lineStarts[line];
    if (start === undefined) return this.#length;
    return Math.min(start + character, this.#lineStarts[line + 1] ?? this.#length);
  }

  range(offset: number, length: number): TextRange {
    return { start: this.position(offset), end: this.position(offset + length) };
  }
}
