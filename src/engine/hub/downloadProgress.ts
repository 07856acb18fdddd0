import type { DownloadNews } from '../../run/download';

/** Milliseconds between two pieces of news. */
const interval = 100;
/** The rate is that of the last so many milliseconds: long enough to be calm, short enough to be true. */
const rateSpan = 5000;

/** Turns bytes that arrive into news: how much is here, how fast it comes, how long it will take. */
export class DownloadProgress {
  readonly #here = new Map<string, number>();
  readonly #points: { readonly time: number; readonly bytes: number }[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Tells what was too early to be told, so that a transfer that stands still is shown where it stands. */
  #late: NodeJS.Timeout | undefined;

  constructor(
    private readonly total: number,
    private readonly tell: (news: DownloadNews) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get done(): number {
    let sum = 0;
    for (const bytes of this.#here.values()) sum += bytes;
    return sum;
  }

  /** Bytes of a file that are here, also from earlier. */
  set(file: string, here: number, isNew: boolean): void {
    const before = this.done;
    this.#here.set(file, here);
    if (!isNew) return;
    const time = this.now();
    const { done } = this;
    // A file that is begun anew makes the sum smaller: what was measured before means nothing then.
    if (done < before) this.#points.length = 0;
    this.#points.push({ time, bytes: done });
    while (this.#points.length > 2 && time - this.#points[1]!.time > rateSpan) this.#points.shift();
    clearTimeout(this.#late);
    if (done === this.total || time - this.#toldAt >= interval) this.#say(file);
    else this.#late = setTimeout(() => this.#say(file), interval).unref();
  }

  /** Nothing is told any more. */
  end(): void {
    clearTimeout(this.#late);
  }

  #say(file: string): void {
    this.#toldAt = this.now();
    const { done } = this;
    const rate = this.#rate();
    this.tell({
      type: 'progress',
      file,
      done_bytes: done,
      total_bytes: this.total,
      bytes_per_second: rate,
      eta_seconds: rate === 0 ? null : (this.total - done) / rate,
    });
  }

  #rate(): number {
    const [first, last] = [this.#points[0]!, this.#points.at(-1)!];
    const seconds = (last.time - first.time) / 1000;
    return seconds <= 0 ? 0 : (last.bytes - first.bytes) / seconds;
  }
}
