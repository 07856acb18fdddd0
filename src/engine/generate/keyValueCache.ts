import type { Model } from '../models/model';
import { f32 } from '../runtime/runtime';
import type { Tensor } from '../runtime/runtime';
import { storeNames } from './decodingGraph';

/** What a row of the cache holds. */
interface Held {
  /** Ids of the tokens whose keys and values are there. */
  ids: number[];
  /** What they were read with, such as the names of adapters: others make other keys of the same text. */
  reader: string;
  /** Larger: used later. */
  lastUse: number;
}

/** The capacity of rows is a multiple of this many positions. */
const step = 64;

/**
 * Keys and values of texts that were read, by row and position, in the runtime's own layout: a run reads neighbouring
 * rows where they lie, and what it adds is copied once. All rows have one capacity, which grows by half when one of them
 * needs more.
 */
export class KeyValueCache {
  /** By block keys and values, each [rows, K, capacity, d]. */
  #stored: Float32Array[];
  #capacity = 0;
  #rows: Held[] = [];
  #clock = 0;

  constructor(
    private readonly model: Pick<Model, 'blocks' | 'kvHeads' | 'headSize'>,
    /** No text is longer. */
    private readonly maxLength: number,
  ) {
    this.#stored = Array.from({ length: 2 * model.blocks }, () => new Float32Array(0));
  }

  get rowCount(): number {
    return this.#rows.length;
  }
  /** Positions that each row has room for. */
  get capacity(): number {
    return this.#capacity;
  }
  get bytes(): number {
    return this.#stored.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
  /** Tokens that a row holds. */
  length(row: number): number {
    return this.#rows[row]!.ids.length;
  }

  /** Makes room for so many rows and positions; what is there stays. */
  reserve(rows: number, positions: number): void {
    const capacity = positions <= this.#capacity ? this.#capacity : this.#grown(positions);
    if (rows <= this.#rows.length && capacity === this.#capacity) return;
    const count = Math.max(rows, this.#rows.length);
    const { kvHeads, headSize } = this.model;
    const [from, to] = [this.#capacity * headSize, capacity * headSize];
    this.#stored = this.#stored.map((old) => {
      const wider = new Float32Array(count * kvHeads * to);
      this.#rows.forEach(({ ids }, row) => {
        for (let head = row * kvHeads; head < (row + 1) * kvHeads; head++) {
          wider.set(old.subarray(head * from, head * from + ids.length * headSize), head * to);
        }
      });
      return wider;
    });
    this.#capacity = capacity;
    while (this.#rows.length < count) this.#rows.push({ ids: [], reader: '', lastUse: 0 });
  }

  #grown(positions: number): number {
    const wanted = Math.max(positions, Math.ceil(1.5 * this.#capacity));
    return Math.max(positions, Math.min(step * Math.ceil(wanted / step), this.maxLength));
  }

  /**
   * The row from `first` on that is best for a text: the one that holds the longest beginning of it, or else the one that
   * was used longest ago.
   */
  bestRow(first: number, ids: ArrayLike<number>, reader: string): number {
    let [best, shared] = [first, -1];
    for (let row = first; row < this.#rows.length; row++) {
      const common = this.sharedLength(row, ids, reader);
      const older = this.#rows[row]!.lastUse < this.#rows[best]!.lastUse;
      if (common > shared || (common === shared && older)) [best, shared] = [row, common];
    }
    return best;
  }

  /** How many tokens at the beginning of a text the row holds already. */
  sharedLength(row: number, ids: ArrayLike<number>, reader: string): number {
    const held = this.#rows[row]!;
    if (held.reader !== reader) return 0;
    let common = 0;
    while (common < held.ids.length && common < ids.length && held.ids[common] === ids[common]) common++;
    return common;
  }

  /** Keeps the first `length` tokens of a row, for a text that is read with `reader`. */
  restart(row: number, length: number, reader: string): void {
    const held = this.#rows[row]!;
    held.ids.length = length;
    held.reader = reader;
    held.lastUse = ++this.#clock;
  }

  /** Forgets what a row holds and removes the numbers: what is not finite there would spoil other texts. */
  clear(row: number): void {
    this.restart(row, 0, '');
    const size = this.model.kvHeads * this.#capacity * this.model.headSize;
    for (const stored of this.#stored) stored.fill(0, row * size, (row + 1) * size);
  }

  /** Forgets all texts. */
  clearAll(): void {
    this.#rows.forEach((_, row) => this.clear(row));
  }

  /** Exchanges two rows. */
  swap(a: number, b: number): void {
    if (a === b) return;
    const { kvHeads, headSize } = this.model;
    const size = this.#capacity * headSize;
    const length = Math.max(this.length(a), this.length(b)) * headSize;
    for (const stored of this.#stored) {
      for (let head = 0; head < kvHeads; head++) {
        const [one, other] = [a, b].map((row) => {
          const start = (row * kvHeads + head) * size;
          return stored.subarray(start, start + length);
        });
        const kept = one!.slice();
        one!.set(other!);
        other!.set(kept);
      }
    }
    [this.#rows[a], this.#rows[b]] = [this.#rows[b]!, this.#rows[a]!];
  }

  /** The inputs by which a run reads neighbouring rows. They show what is there now: use them before the next change. */
  inputs(first: number, count: number): Record<string, Tensor> {
    const { blocks, kvHeads, headSize } = this.model;
    const size = kvHeads * this.#capacity * headSize;
    const shape = [count, kvHeads, this.#capacity, headSize];
    const inputs: Record<string, Tensor> = {};
    for (let block = 0; block < blocks; block++) {
      storeNames(block).forEach((name, i) => {
        const stored = this.#stored[2 * block + i]!;
        inputs[name] = f32(stored.subarray(first * size, (first + count) * size), shape);
      });
    }
    return inputs;
  }

  /**
   * Adds what a run gave for neighbouring rows.
   * @param present [2·blocks, B, K, T, d]
   * @param ids the tokens that were read, by row; at most T each, the rest was padding
   */
  append(first: number, present: Float32Array, ids: readonly ArrayLike<number>[], positions: number): void {
    const { kvHeads, headSize } = this.model;
    this.#stored.forEach((stored, part) => {
      ids.forEach((added, i) => {
        const [row, from] = [first + i, part * ids.length + i];
        for (let head = 0; head < kvHeads; head++) {
          const source = (from * kvHeads + head) * positions * headSize;
          const target = ((row * kvHeads + head) * this.#capacity + this.length(row)) * headSize;
          stored.set(present.subarray(source, source + added.length * headSize), target);
        }
      });
    });
    ids.forEach((added, i) => {
      const held = this.#rows[first + i]!;
      held.ids.push(...Array.from(added));
      held.lastUse = ++this.#clock;
    });
  }
}
