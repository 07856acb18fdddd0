import type { EpochExample } from './example';

/** Finer than this, lengths are not told apart; a bin of 32,000 tokens is then filled to within 8. */
const maxUnits = 4096;

/**
 * Examples that wait for a place. Every bin begins with the one that waits longest, so none waits forever, and is
 * filled as well as those at hand allow: which of them fit best together is an exact subset sum.
 */
export class PackingBuffer {
  readonly #maxLength: number;
  readonly #unit: number;
  #waiting: EpochExample[] = [];

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
    this.#unit = Math.ceil(maxLength / maxUnits);
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Places of the waiting examples in the epoch's order, ascending. */
  get positions(): number[] {
    return this.#waiting.map((example) => example.position);
  }

  add(example: EpochExample): void {
    this.#waiting.push(example);
  }

  /** A bin of at most `maxLength` tokens. The buffer must not be empty. */
  takeBin(): EpochExample[] {
    const [oldest, ...others] = this.#waiting as [EpochExample, ...EpochExample[]];
    const chosen = new Set([oldest, ...this.#bestFit(others, this.#maxLength - oldest.ids.length)]);
    this.#waiting = others.filter((example) => !chosen.has(example));
    return [...chosen];
  }

  /**
   * The examples that together come closest to `space`. They are offered longest first and a sum keeps the first way
   * to reach it, so that long ones go first and short ones stay to fill later gaps.
   */
  #bestFit(examples: readonly EpochExample[], space: number): EpochExample[] {
    const capacity = Math.floor(space / this.#unit);
    const units = (example: EpochExample) => Math.ceil(example.ids.length / this.#unit);
    const candidates = examples
      .filter((example) => units(example) <= capacity)
      .sort((left, right) => right.ids.length - left.ids.length || left.position - right.position);
    /** For each sum, 1 + the candidate that reached it first; 0 if nothing has. */
    const reachedBy = new Int32Array(capacity + 1);
    reachedBy[0] = -1;
    let top = 0;
    for (const [number, example] of candidates.entries()) {
      if (reachedBy[capacity] !== 0) break;
      const size = units(example);
      for (let sum = Math.min(top, capacity - size); sum >= 0; sum--) {
        if (reachedBy[sum] !== 0 && reachedBy[sum + size] === 0) reachedBy[sum + size] = number + 1;
      }
      top = Math.min(capacity, top + size);
    }
    let sum = capacity;
    while (reachedBy[sum] === 0) sum--;
    const chosen: EpochExample[] = [];
    while (sum > 0) {
      const example = candidates[reachedBy[sum]! - 1]!;
      chosen.push(example);
      sum -= units(example);
    }
    return chosen;
  }
}
