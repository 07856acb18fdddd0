import type { Model } from '../models/model';
import { floats, i32 } from '../runtime/runtime';
import type { Executable, Tensors } from '../runtime/runtime';
import { logitsNotFinite } from './failures';
import { KeyValueCache } from './keyValueCache';

/** A text that is continued in a batch. */
export interface BatchText<Choice> {
  /** What is read first; at least one token. */
  readonly ids: ArrayLike<number>;
  /** What it is read with, such as adapters. */
  readonly choice: Choice;
  /** Ends it before the next token; `fail` gets the reason. */
  readonly signal?: AbortSignal | undefined;
  /** The next token from its logits [vocabulary], which may be written to; `undefined` where the text ends. */
  choose(logits: Float32Array): number | undefined;
  /** It cannot go on. */
  fail(error: unknown): void;
}

/** What reads texts: a compiled `decodingGraph`, and its inputs for the choices of a batch's rows. */
export interface BatchReader<Choice> {
  readonly executable: Executable;
  inputs(choices: readonly Choice[]): Tensors;
  /** Texts with the same key have the same keys and values where they begin alike. */
  keyOf(choice: Choice): string;
}

export interface BatchLimits {
  /** Texts that are read at the same time; others wait. */
  readonly rows: number;
  /** Tokens of a text at most, the prompt's included. */
  readonly maxLength: number;
}

/** NaN makes any sum NaN; a logit of -∞ is one that cannot be chosen. */
function areComparable(logits: Float32Array): boolean {
  let sum = 0;
  for (const logit of logits) sum += logit;
  return sum < Infinity;
}

interface Row<Choice> {
  readonly text: BatchText<Choice>;
  /** Tokens to read: the rest of the prompt, then one at a time. */
  unread: number[];
}

/** Tokens of a prompt that are read at once: enough for fast products, few enough not to hold up others for long. */
const chunk = 128;

/**
 * Continues many texts at once: each step reads one more token of all of them in one run, and between two steps a piece
 * of the next prompt. Texts join and leave at any step. What a text that has ended left in the cache is used by the next
 * one that begins alike, such as the next turn of a chat.
 */
export class TextBatch<Choice> {
  readonly #cache: KeyValueCache;
  readonly #waiting: BatchText<Choice>[] = [];
  /** By their rows in the cache: first those that are continued, then those whose prompts are being read. */
  readonly #rows: Row<Choice>[] = [];
  #continued = 0;
  #running: Promise<void> | undefined;
  #readTokens = 0;

  constructor(
    model: Model,
    private readonly reader: BatchReader<Choice>,
    private readonly limits: BatchLimits,
  ) {
    this.#cache = new KeyValueCache(model, limits.maxLength);
  }

  /** Texts that are read now, and those that wait. */
  get active(): number {
    return this.#rows.length;
  }
  get waiting(): number {
    return this.#waiting.length;
  }
  get cacheBytes(): number {
    return this.#cache.bytes;
  }
  /** Tokens that were read so far; those that the cache held already are not. */
  get readTokens(): number {
    return this.#readTokens;
  }

  add(text: BatchText<Choice>): void {
    this.#waiting.push(text);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves when no text is left. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Forgets earlier texts: what reads them has changed. Only where none is being read. */
  forget(): void {
    this.#cache.clearAll();
  }

  async #run(): Promise<void> {
    // Texts that are added in one go are read together.
    await Promise.resolve();
    while (this.#rows.length + this.#waiting.length > 0) {
      try {
        this.#removeStopped();
        this.#admit();
        await this.#readPrompt();
        this.#removeStopped();
        await this.#continueAll();
      } catch (error) {
        // What one run cannot do, the same run will not do again.
        for (const { text } of this.#rows.splice(0)) text.fail(error);
        this.#continued = 0;
        this.#cache.clearAll();
      }
    }
  }

  #removeStopped(): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const { signal } = this.#waiting[i]!;
      if (signal?.aborted === true) this.#waiting.splice(i, 1)[0]!.fail(signal.reason);
    }
    for (let i = this.#rows.length - 1; i >= 0; i--) {
      const { text } = this.#rows[i]!;
      if (text.signal?.aborted !== true) continue;
      this.#remove(i);
      text.fail(text.signal.reason);
    }
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#rows.length < this.limits.rows) {
      const text = this.#waiting.shift()!;
      try {
        this.#place(text);
      } catch (error) {
        // Such as no memory for one more row: those that have theirs go on.
        text.fail(error);
      }
    }
  }

  /** Gives a text the next row, with what the cache holds of it. */
  #place(text: BatchText<Choice>): void {
    const row = this.#rows.length;
    const key = this.reader.keyOf(text.choice);
    this.#cache.reserve(row + 1, 1);
    let best = this.#cache.bestRow(row, text.ids, key);
    const isUseful = this.#cache.sharedLength(best, text.ids, key) > 0;
    if (!isUseful && this.#cache.length(best) > 0 && this.#cache.rowCount < this.limits.rows) {
      // What that row holds may be useful to another text.
      best = this.#cache.rowCount;
      this.#cache.reserve(best + 1, 1);
    }
    // The last token is read in any case: its logits are asked for.
    const kept = Math.min(this.#cache.sharedLength(best, text.ids, key), text.ids.length - 1);
    this.#cache.swap(best, row);
    this.#cache.restart(row, kept, key);
    this.#rows.push({ text, unread: Array.from(text.ids).slice(kept) });
  }

  /** A piece of the prompt of the text that has waited longest. */
  async #readPrompt(): Promise<void> {
    const i = this.#continued;
    const row = this.#rows[i];
    if (row === undefined) return;
    const piece = row.unread.splice(0, chunk);
    const [logits] = await this.#read(i, [piece]);
    if (row.unread.length > 0) return;
    this.#continued++;
    this.#choose(i, row, logits!);
  }

  /** One token of all texts whose prompts are read. */
  async #continueAll(): Promise<void> {
    const rows = this.#rows.slice(0, this.#continued);
    if (rows.length === 0) return;
    const logits = await this.#read(
      0,
      rows.map(({ unread }) => unread.splice(0, 1)),
    );
    // From the last to the first: a text that ends leaves its row to one behind it.
    for (let i = rows.length - 1; i >= 0; i--) this.#choose(i, rows[i]!, logits[i]!);
  }

  #choose(i: number, { text, unread }: Row<Choice>, logits: Float32Array): void {
    let id: number | undefined;
    try {
      if (!areComparable(logits)) throw logitsNotFinite();
      id = text.choose(logits);
    } catch (error) {
      this.#cache.clear(i);
      this.#remove(i);
      text.fail(error);
      return;
    }
    if (id === undefined) this.#remove(i);
    else unread.push(id);
  }

  /** Takes a text out; its row in the cache stays behind all others. */
  #remove(i: number): void {
    let hole = i;
    if (hole < this.#continued) {
      this.#exchange(hole, this.#continued - 1);
      hole = --this.#continued;
    }
    this.#exchange(hole, this.#rows.length - 1);
    this.#rows.pop();
  }

  #exchange(a: number, b: number): void {
    this.#cache.swap(a, b);
    [this.#rows[a], this.#rows[b]] = [this.#rows[b]!, this.#rows[a]!];
  }

  /** Reads equally many tokens in neighbouring rows; gives the logits after the last one of each. */
  async #read(first: number, pieces: readonly (readonly number[])[]): Promise<Float32Array[]> {
    const [count, length] = [pieces.length, pieces[0]!.length];
    const lengths = pieces.map((_, i) => this.#cache.length(first + i));
    this.#cache.reserve(this.#cache.rowCount, Math.max(...lengths) + length);
    const shape = [count, length];
    const places = pieces.flatMap((piece, i) => piece.map((_, t) => lengths[i]! + t));
    const results = await this.reader.executable.run({
      ...this.reader.inputs(this.#rows.slice(first, first + count).map(({ text }) => text.choice)),
      ...this.#cache.inputs(first, count),
      ids: i32(Int32Array.from(pieces.flat()), shape),
      positions: i32(Int32Array.from(places), shape),
      segments: i32(new Int32Array(count * length).fill(1), shape),
      lengths: i32(Int32Array.from(lengths), [count]),
      slots: i32(
        Int32Array.from({ length: this.#cache.capacity }, (_, slot) => slot),
        [this.#cache.capacity],
      ),
      rows: i32(
        Int32Array.from({ length: count }, (_, i) => (i + 1) * length - 1),
        [count],
      ),
    });
    this.#cache.append(first, floats(results, 'present'), pieces, length);
    this.#readTokens += count * length;
    const logits = floats(results, 'logits');
    const size = logits.length / count;
    return pieces.map((_, i) => logits.subarray(i * size, (i + 1) * size));
  }
}
