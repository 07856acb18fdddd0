/** Text up to the first of some strings; what may become one of them is held back until it is known. */
export class StopStrings {
  #held = '';
  #found = false;

  constructor(private readonly strings: readonly string[]) {}

  /** Whether one of the strings has come. */
  get found(): boolean {
    return this.#found;
  }

  /** Adds a piece and gives the text that is certain now. */
  push(piece: string): string {
    if (this.#found) return '';
    const text = this.#held + piece;
    const ends = this.strings.map((stop) => text.indexOf(stop)).filter((start) => start >= 0);
    if (ends.length > 0) {
      this.#found = true;
      this.#held = '';
      return text.slice(0, Math.min(...ends));
    }
    const certain = text.length - Math.max(0, ...this.strings.map((stop) => overlap(text, stop)));
    this.#held = text.slice(certain);
    return text.slice(0, certain);
  }

  /** What was held back and has become none of them. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Length of the longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
