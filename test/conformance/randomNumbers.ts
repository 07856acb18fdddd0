/** The same numbers for the same text, so that a failing case fails again. */
export class RandomNumbers {
  #state: number;

  constructor(text: string) {
    this.#state = 2166136261;
    for (const character of text) this.#state = Math.imul(this.#state ^ character.codePointAt(0)!, 16777619);
  }

  /** In (0, 1): Tommy Ettinger's mulberry32. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  }

  /** Standard normal (Box and Muller), as a float32 number. */
  normal(): number {
    return Math.fround(Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform()));
  }

  /** A whole number from 0 to limit − 1. */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }
}
