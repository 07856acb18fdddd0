import type { EncodedRow } from './encode';
import type { EpochExample, Example } from './example';
import { countSupervised } from './example';
import { ExampleCache } from './exampleCache';
import { allMasked, datasetPartEmpty } from './failures';
import { createRowOrder } from './order';
import type { PlacedRow, RowOrder } from './order';
import { checkRows, prepareReading, readRow } from './reading';
import type { Reading } from './reading';
import type { RowFormat } from './rowFormat';
import { openSource } from './sources/openSource';
import { defaultLimits } from './sources/rowSource';
import type { RowSource, SourceLimits } from './sources/rowSource';
import { gatherStatistics } from './statistics';
import type { DatasetStatistics } from './statistics';
import type { Tokenizer } from './tokenizer';

export type { DatasetStatistics, RowFormat };

export interface DatasetOptions {
  /** JSONL, JSON, CSV, TSV, Parquet or plain text file. */
  readonly path: string;
  readonly format: 'auto' | RowFormat;
  /** Role → column of the file, such as `{ "prompt": "question" }`. */
  readonly columns: Readonly<Record<string, string>>;
  /** Row template (Jinja over the row's columns), or for conversational rows the chat template. */
  readonly template?: string | undefined;
  /** Longest example in tokens; what is beyond is cut off. */
  readonly maxLength: number;
  /** Loss on completions and assistant turns only; otherwise on every token. */
  readonly completionOnlyLoss: boolean;
  readonly seed: number;
  readonly shuffle: boolean;
  /** Share of the rows that is held back for evaluation, 0 ≤ evalSplit < 1. */
  readonly evalSplit: number;
  readonly part: 'train' | 'eval';
}

/** Sizes that decide how a file is read; the defaults are for people, tests lower them. */
export interface DatasetLimits extends SourceLimits {
  /** Files up to this size are checked row by row when they are opened. */
  readonly checkBytes: number;
  /** Statistics are exact for files up to this size… */
  readonly exactBytes: number;
  /** …and otherwise come from so many rows. */
  readonly sampleRows: number;
  /** Memory for tokenized rows between epochs. */
  readonly cacheBytes: number;
}

export const defaultDatasetLimits: DatasetLimits = {
  ...defaultLimits,
  checkBytes: 16 * 2 ** 20,
  exactBytes: 2 ** 20,
  sampleRows: 512,
  cacheBytes: 64 * 2 ** 20,
};

export interface Dataset {
  readonly path: string;
  readonly format: RowFormat;
  /** Rows of this part; exact, or an estimate for large files. */
  readonly rowCount: number;
  readonly rowCountIsExact: boolean;
  /** How often a row without a supervised token was met and left out so far. */
  readonly skippedRows: number;
  /**
   * The examples of one epoch in (shuffled) order, from row `skip` of that order on. Rows without any supervised
   * token are left out; when there are no others, that is a failure (`dataset-all-masked`).
   */
  examples(epoch: number, skip?: number): AsyncGenerator<EpochExample>;
  /** The first rows in file order, before shuffling: for previews. Rows without a supervised token are included. */
  rows(limit: number): AsyncGenerator<Example>;
  /** Exact for small files, else from a sample. */
  statistics(): Promise<DatasetStatistics>;
  close(): Promise<void>;
}

/** After so many rows of an epoch without a single supervised token, the others are not waited for. */
const patience = 10_000;

/**
 * Opens a dataset of any size at once: no pass over a large file, and of no file more than offsets and a bounded
 * number of tokenized rows are held.
 * @param chatTemplate the model's; `options.template` takes its place for conversational rows
 * @throws Failure `dataset-…` (see `failures.ts`); a bad row is named by file and line, here for files up to
 * `limits.checkBytes`, when it is met in larger ones
 */
export async function openDataset(
  options: DatasetOptions,
  tokenizer: Tokenizer,
  chatTemplate?: string,
  limits: DatasetLimits = defaultDatasetLimits,
): Promise<Dataset> {
  const source = await openSource(options.path, limits);
  try {
    const reading = await prepareReading(source, options, tokenizer, chatTemplate);
    if (source.blockCount === 1 && source.byteLength <= limits.checkBytes) await checkRows(source, reading.read);
    const order = createRowOrder(source, options);
    const estimate = order.rowCount ?? Math.round((await source.estimateRowCount()) * order.share);
    if (options.part === 'train' && order.rowCount === 0) {
      throw datasetPartEmpty(options.path, source.rowCount ?? 0, options.evalSplit);
    }
    return new OpenDataset(source, order, reading, estimate, options, limits);
  } catch (error) {
    source.close();
    throw error;
  }
}

class OpenDataset implements Dataset {
  readonly path: string;
  readonly format: RowFormat;
  readonly rowCount: number;
  readonly rowCountIsExact: boolean;
  skippedRows = 0;
  readonly #source: RowSource;
  readonly #order: RowOrder;
  readonly #reading: Reading;
  readonly #options: DatasetOptions;
  readonly #limits: DatasetLimits;
  readonly #cache: ExampleCache | undefined;
  #statistics: Promise<DatasetStatistics> | undefined;

  constructor(
    source: RowSource,
    order: RowOrder,
    reading: Reading,
    rowCount: number,
    options: DatasetOptions,
    limits: DatasetLimits,
  ) {
    this.path = options.path;
    this.format = reading.format;
    this.rowCount = rowCount;
    this.rowCountIsExact = order.rowCount !== undefined;
    this.#source = source;
    this.#order = order;
    this.#reading = reading;
    this.#options = options;
    this.#limits = limits;
    this.#cache = source.blockCount === 1 ? new ExampleCache(limits.cacheBytes) : undefined;
  }

  async *examples(epoch: number, skip = 0): AsyncGenerator<EpochExample> {
    let seen = 0;
    let truncated = 0;
    let taught = skip > 0;
    for await (const row of this.#order.epoch(epoch, skip)) {
      seen++;
      const example = this.#example(row);
      if (countSupervised(example.supervised) > 0) {
        taught = true;
        yield { ...example, position: row.position };
        continue;
      }
      this.skippedRows++;
      if (this.#encode(row).fullLength > this.#options.maxLength) truncated++;
      if (!taught && seen === patience) break;
    }
    if (!taught && seen > 0) throw allMasked(this.path, seen, truncated, this.#options.maxLength);
  }

  async *rows(limit: number): AsyncGenerator<Example> {
    if (limit <= 0) return;
    let given = 0;
    for await (const row of this.#order.inFileOrder()) {
      yield this.#example(row);
      if (++given === limit) return;
    }
  }

  statistics(): Promise<DatasetStatistics> {
    const small = this.#source.blockCount === 1 && this.#source.byteLength <= this.#limits.exactBytes;
    this.#statistics ??= gatherStatistics(
      small ? this.#order.inFileOrder() : this.#order.sample(),
      (row) => this.#encode(row),
      {
        rowCount: this.rowCount,
        rowCountIsExact: this.rowCountIsExact,
        limit: small ? Infinity : this.#limits.sampleRows,
      },
    );
    return this.#statistics;
  }

  close(): Promise<void> {
    this.#source.close();
    return Promise.resolve();
  }

  #example(row: PlacedRow): Example {
    const { ids, supervised } = this.#encode(row);
    return { ids, supervised, ...row.block.place(row.index) };
  }

  #encode(row: PlacedRow): EncodedRow {
    const encode = () => readRow(this.#source, row, (raw) => this.#reading.encode(this.#reading.read(raw)));
    return this.#cache === undefined ? encode() : this.#cache.get(row.index, encode);
  }
}
