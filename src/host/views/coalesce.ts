/** Time as `Coalescer` needs it; tests bring their own. */
export interface Clock {
  /** Milliseconds from any start. */
  now(): number;
  /** Calls `action` once after `delay` milliseconds; the result takes that back. */
  after(delay: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, action) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
};

/** Milliseconds between two batches: ten a second is as live as eyes can tell, and costs the editor nothing. */
export const batchInterval = 100;

/** Gathers items and hands them on in batches, in order, at least `batchInterval` apart. */
export class Coalescer<Item> {
  private pending: Item[] = [];
  private last = -Infinity;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly send: (items: readonly Item[]) => void,
  ) {}

  /** Sends at once after a quiet time, otherwise together with what comes until the interval is over. */
  add(items: readonly Item[]): void {
    for (const item of items) this.pending.push(item);
    if (this.pending.length === 0 || this.cancel !== undefined) return;
    const wait = this.last + batchInterval - this.clock.now();
    if (wait <= 0) this.flush();
    else this.cancel = this.clock.after(wait, () => this.flush());
  }

  /** Forgets what was not sent yet; the interval goes on. */
  clear(): void {
    this.pending = [];
    this.cancel?.();
    this.cancel = undefined;
  }

  private flush(): void {
    this.cancel = undefined;
    const items = this.pending;
    this.pending = [];
    this.send(items);
    // From the end of sending on: a batch that took long must not bring the next one closer.
    this.last = this.clock.now();
  }
}
