/** Speed and remaining time of a run. */
export class Stopwatch {
  #lapBegan: number;
  #stepBegan: number;
  #average: number | undefined;

  /** @param now milliseconds on any clock that only goes forwards */
  constructor(
    private stepsLeft: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#lapBegan = this.#stepBegan = now();
  }

  /** Begins a step: what happened since the last one (an evaluation, a checkpoint) counts for the estimate alone. */
  begin(): void {
    this.#stepBegan = this.now();
  }

  /** Begins a step: what happened since the last one was a pause and counts for nothing. */
  skip(): void {
    this.#lapBegan = this.#stepBegan = this.now();
  }

  /** Ends a step of `tokens` tokens. The estimate follows the last steps more than the first ones. */
  lap(tokens: number): { tokens_per_second: number; eta_seconds: number } {
    const now = this.now();
    // A clock too coarse for the step still gives a finite speed.
    const seconds = Math.max(now - this.#stepBegan, 1e-3) / 1000;
    const whole = (now - this.#lapBegan) / 1000;
    this.#lapBegan = this.#stepBegan = now;
    this.#average = this.#average === undefined ? whole : 0.9 * this.#average + 0.1 * whole;
    this.stepsLeft--;
    return { tokens_per_second: tokens / seconds, eta_seconds: Math.max(0, this.stepsLeft) * this.#average };
  }
}
