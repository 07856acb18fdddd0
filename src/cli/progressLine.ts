import type { Terminal } from './terminal';

/** Milliseconds between two changes of the line. */
const pause = 100;

/** One line that is drawn again and again while something goes on; nothing where there is no terminal. */
export class ProgressLine {
  #isDrawn = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(private readonly live: Terminal) {}

  /** `done` of `total`, in any unit. */
  show(what: string, done: number, total: number): void {
    if (!this.live.isTerminal) return;
    const now = performance.now();
    if (now - this.#last < pause && done < total) return;
    this.#last = now;
    const percent = `${Math.floor((100 * done) / Math.max(total, 1))} %`.padStart(5);
    this.live.write(`\r${`${percent}  ${what} …`.slice(0, this.live.columns - 1)}\u001b[K`);
    this.#isDrawn = true;
  }

  /** Leaves the cursor on a fresh line. */
  end(): void {
    if (this.#isDrawn) this.live.write('\r\u001b[K');
    this.#isDrawn = false;
  }
}
