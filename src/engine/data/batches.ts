import type { Dataset } from './dataset';
import { countSupervised } from './example';
import type { EpochExample, Example } from './example';
import { PackingBuffer } from './packing';

/** One row of a batch: one example, or with packing several whose total length is at most `maxLength`. */
export type Bin = readonly Example[];

/** Where the data stands after a window. Plain JSON; `windows(…, cursor)` goes on exactly there. */
export interface DataCursor {
  readonly epoch: number;
  /** Rows of this epoch's order that were taken, those left out and those still waiting to be packed included. */
  readonly consumed: number;
  /** Places in this epoch's order of the examples that wait in the packing buffer, ascending. */
  readonly pending: readonly number[];
}

/** What one optimizer step trains on: the examples of all its accumulation micro-batches. */
export interface Window {
  readonly epoch: number;
  /** At most batchSize × accumulation. */
  readonly bins: readonly Bin[];
  readonly supervisedTokens: number;
  readonly tokens: number;
  /** The position after this window; after the last one of an epoch, the start of the next epoch. */
  readonly cursor: DataCursor;
  readonly endOfEpoch: boolean;
}

export interface WindowOptions {
  readonly batchSize: number;
  readonly accumulation: number;
  readonly packing: boolean;
  readonly maxLength: number;
  /** Undefined: without end. */
  readonly epochs: number | undefined;
}

/** Examples that wait to be packed: enough for bins that are nearly full, few enough to begin at once. */
const bufferedExamples = 128;

/** The windows of all epochs, from `from` on. The last window of an epoch may be short; none spans two epochs. */
export async function* windows(
  dataset: Dataset,
  options: WindowOptions,
  from: DataCursor = { epoch: 0, consumed: 0, pending: [] },
): AsyncGenerator<Window> {
  for (let epoch = from.epoch; options.epochs === undefined || epoch < options.epochs; epoch++) {
    const cursor = epoch === from.epoch ? from : { epoch, consumed: 0, pending: [] };
    yield* windowsOfEpoch(dataset, options, cursor);
  }
}

/**
 * Optimizer steps of the first epoch. Exact for small files, else from the number of rows and, with packing, how well a
 * sample packs.
 * @throws Failure `dataset-all-masked`
 */
export async function stepsPerEpoch(
  dataset: Dataset,
  options: WindowOptions,
): Promise<{ readonly steps: number; readonly estimated: boolean }> {
  const perStep = options.batchSize * options.accumulation;
  const statistics = await dataset.statistics();
  const rows = statistics.rows - statistics.unsupervisedRows;
  // Says why there is nothing to learn, or finds that the sample was unlucky.
  if (rows <= 0) await dataset.examples(0).next();
  if (!options.packing) {
    // The number of rows is exact long before every row has been looked at; only those left out are a guess.
    const estimated = statistics.estimated && (!dataset.rowCountIsExact || statistics.unsupervisedRows > 0);
    return { steps: Math.max(1, Math.ceil(rows / perStep)), estimated };
  }
  if (!statistics.estimated) return { steps: await countWindows(dataset, options, 0), estimated: false };
  const sampled = statistics.lengths.length;
  const bins = (countBins(statistics.lengths, options.maxLength) * rows) / Math.max(1, sampled);
  return { steps: Math.max(1, Math.ceil(bins / perStep)), estimated: true };
}

/**
 * Optimizer steps of `epochs` epochs, the last of which may be a part. Each epoch packs its rows in another order, so
 * where that can be found out, its steps are counted.
 * @throws Failure `dataset-all-masked`
 */
export async function stepsOfEpochs(dataset: Dataset, options: WindowOptions, epochs: number): Promise<number> {
  const { steps, estimated } = await stepsPerEpoch(dataset, options);
  if (estimated || !options.packing) return Math.ceil(epochs * steps);
  let total = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const share = Math.min(1, epochs - epoch);
    total += Math.ceil(share * (epoch === 0 ? steps : await countWindows(dataset, options, epoch)));
  }
  return total;
}

async function countWindows(dataset: Dataset, options: WindowOptions, epoch: number): Promise<number> {
  const all = windowsOfEpoch(dataset, options, { epoch, consumed: 0, pending: [] });
  let count = 0;
  while ((await all.next()).done !== true) count++;
  return count;
}

async function* windowsOfEpoch(dataset: Dataset, options: WindowOptions, from: DataCursor): AsyncGenerator<Window> {
  const perWindow = options.batchSize * options.accumulation;
  const source = new BinSource(dataset, options, from);
  let bins: Bin[] = [];
  try {
    while (await source.fill()) {
      bins.push(source.take());
      if (bins.length < perWindow) continue;
      const cursor = source.cursor;
      const endOfEpoch = !(await source.fill());
      yield describeWindow(bins, from.epoch, cursor, endOfEpoch);
      bins = [];
    }
    if (bins.length > 0) yield describeWindow(bins, from.epoch, source.cursor, true);
  } finally {
    await source.close();
  }
}

function describeWindow(bins: readonly Bin[], epoch: number, cursor: DataCursor, endOfEpoch: boolean): Window {
  const examples = bins.flat();
  return {
    epoch,
    bins,
    supervisedTokens: examples.reduce((sum, example) => sum + countSupervised(example.supervised), 0),
    tokens: examples.reduce((sum, example) => sum + example.ids.length, 0),
    cursor: endOfEpoch ? { epoch: epoch + 1, consumed: 0, pending: [] } : cursor,
    endOfEpoch,
  };
}

/** The bins of one epoch, and where it stands between any two of them. */
class BinSource {
  readonly #epoch: number;
  readonly #buffer: PackingBuffer;
  readonly #packing: boolean;
  readonly #examples: AsyncGenerator<EpochExample>;
  /** Examples of a cursor's packing buffer that were not met again yet. */
  readonly #pending: Set<number>;
  #consumed: number;
  #ended = false;

  constructor(dataset: Dataset, { packing, maxLength }: WindowOptions, from: DataCursor) {
    this.#epoch = from.epoch;
    this.#packing = packing;
    this.#buffer = new PackingBuffer(maxLength);
    this.#pending = new Set(from.pending);
    this.#consumed = from.consumed;
    this.#examples = dataset.examples(from.epoch, Math.min(from.consumed, ...from.pending));
  }

  /** Reads ahead as far as the next bin needs; false at the end of the epoch. */
  async fill(): Promise<boolean> {
    const wanted = this.#packing ? bufferedExamples : 1;
    while (this.#buffer.size < wanted) {
      const example = await this.#next();
      if (example === undefined) break;
      this.#consumed = Math.max(this.#consumed, example.position + 1);
      this.#buffer.add(example);
    }
    return this.#buffer.size > 0;
  }

  /** After `fill` has said that there is one. */
  take(): Bin {
    return this.#buffer.takeBin();
  }

  get cursor(): DataCursor {
    return { epoch: this.#epoch, consumed: this.#consumed, pending: this.#buffer.positions };
  }

  async close(): Promise<void> {
    await this.#examples.return(undefined);
  }

  /** The next example that is new, or that a cursor said was waiting. */
  async #next(): Promise<EpochExample | undefined> {
    while (!this.#ended) {
      const result = await this.#examples.next();
      if (result.done === true) this.#ended = true;
      else if (result.value.position >= this.#consumed || this.#pending.delete(result.value.position))
        return result.value;
    }
    return undefined;
  }
}

function countBins(lengths: Uint32Array, maxLength: number): number {
  const buffer = new PackingBuffer(maxLength);
  let next = 0;
  let bins = 0;
  for (;;) {
    while (buffer.size < bufferedExamples && next < lengths.length) buffer.add(placeholder(lengths[next]!, next++));
    if (buffer.size === 0) return bins;
    buffer.takeBin();
    bins++;
  }
}

/** An example of which only the length matters. */
function placeholder(length: number, position: number): EpochExample {
  return { ids: new Int32Array(length), supervised: new Uint8Array(0), row: position, position };
}
