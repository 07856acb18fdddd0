/** Offsets of records in a file, in as few bytes as possible: rows themselves are never held. */
export class RecordIndex {
  #starts = new Float64Array(64);
  #lengths = new Uint32Array(64);
  #lines = new Uint32Array(64);
  length = 0;

  /** @param line 1-based, 0 if it is not known */
  add(start: number, end: number, line: number): void {
    if (this.length === this.#starts.length) this.#grow();
    this.#starts[this.length] = start;
    this.#lengths[this.length] = end - start;
    this.#lines[this.length] = line;
    this.length++;
  }

  start(index: number): number {
    return this.#starts[index]!;
  }

  byteLength(index: number): number {
    return this.#lengths[index]!;
  }

  line(index: number): number {
    return this.#lines[index]!;
  }

  #grow(): void {
    const grow = <T extends Float64Array | Uint32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#starts = grow(this.#starts, new Float64Array(this.length * 2));
    this.#lengths = grow(this.#lengths, new Uint32Array(this.length * 2));
    this.#lines = grow(this.#lines, new Uint32Array(this.length * 2));
  }
}
