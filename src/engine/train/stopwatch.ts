/** Speed and remaining time of a run. */
export class Stopwatch {
  #last = performance.now();
  #average: number | undefined;

  constructor(private stepsLeft: number) {}

  /** Ends a step of `tokens` tokens. The estimate follows the last steps more than the first ones. */
  lap(tokens: number): { tokens_per_second: number; eta_seconds: number } {
    const now = performance.now();
    const seconds = (now - this.#last) / 1000;
    this.#last = now;
    this.#average = this.#average === undefined ? seconds : 0.9 * this.#average + 0.1 * seconds;
    this.stepsLeft--;
    return { tokens_per_second: tokens / seconds, eta_seconds: Math.max(0, this.stepsLeft) * this.#average };
  }
}
