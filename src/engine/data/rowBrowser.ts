import { createRowOrder } from './order';
import type { OrderOptions, PlacedRow, RowOrder } from './order';
import { checkRows, prepareReading, readRow } from './reading';
import type { Reading, ReadingOptions } from './reading';
import { openSource } from './sources/openSource';
import { defaultLimits } from './sources/rowSource';
import type { RowBlock, RowSource, SourceLimits } from './sources/rowSource';
import type { EncodedRow } from './encode';
import type { RowFormat } from './rowFormat';
import type { Tokenizer } from './tokenizer';

/** How the rows are read, and how they are divided into training and evaluation. */
export type BrowseOptions = ReadingOptions & OrderOptions & { readonly path: string };

/** A row by its place in the file. */
export interface FoundRow {
  /** 0-based number in the file. */
  readonly row: number;
  readonly block: RowBlock;
  /** Place in `block`. */
  readonly index: number;
  /** Whether it belongs to the part that the browser was opened for. */
  readonly isOfPart: boolean;
}

/** `found`; `beyond` the end of the file; `later`: rows before it are still to be counted. */
export type Sought =
  { readonly is: 'found'; readonly found: FoundRow } | { readonly is: 'beyond' } | { readonly is: 'later' };

/** At most so many blocks are held, and no more bytes than are shuffled together: going back a few pages costs nothing. */
const heldBlocks = 32;

/**
 * Any row of a file by its number. A small file, or one with a list of its rows, is there at once. In a larger one the
 * rows before the one that is asked for are counted, as far as the caller's time goes; a later call goes on from there.
 */
export class RowBrowser {
  readonly format: RowFormat;
  readonly #source: RowSource;
  readonly #reading: Reading;
  readonly #order: RowOrder;
  readonly #held = new Map<number, RowBlock>();
  /** Number of the first row of each block that was counted up to, from the file's start. */
  readonly #firstRows = [0];
  /** The block that a source without random access gave last. */
  #lastRead = -1;

  private constructor(
    source: RowSource,
    reading: Reading,
    options: BrowseOptions,
    private readonly estimate: number,
  ) {
    this.#source = source;
    this.#reading = reading;
    this.#order = createRowOrder(source, options);
    this.format = reading.format;
  }

  /** @throws Failure `dataset-…`: about the file, its columns, or its first row */
  static async open(
    options: BrowseOptions,
    tokenizer: Tokenizer,
    chatTemplate: string | undefined,
    limits: SourceLimits = defaultLimits,
  ): Promise<RowBrowser> {
    const source = await openSource(options.path, limits);
    try {
      const reading = await prepareReading(source, options, tokenizer, chatTemplate);
      return new RowBrowser(source, reading, options, source.rowCount ?? (await source.estimateRowCount()));
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** Rows of the file, both parts together; an estimate until all were counted. */
  get rowCount(): number {
    return this.#exactCount ?? Math.max(this.estimate, this.countedRows);
  }

  get rowCountIsExact(): boolean {
    return this.#exactCount !== undefined;
  }

  /** Rows whose number is known, from the file's start. */
  get countedRows(): number {
    return this.#firstRows.at(-1)!;
  }

  /** Whether all rows can be looked through without waiting. */
  get isOneBlock(): boolean {
    return this.#source.blockCount === 1;
  }

  get byteLength(): number {
    return this.#source.byteLength;
  }

  /** Finds row `row`, or how far that is known once `isOver` says that the time is up. */
  async seek(row: number, isOver: () => boolean): Promise<Sought> {
    const at = await this.#blockOf(row, isOver);
    if (at === 'beyond' || at === 'later') return { is: at };
    const block = await this.#open(at.block, isOver);
    if (block === undefined) return { is: 'later' };
    const index = row - at.firstRow;
    if (index >= block.length) return { is: 'beyond' };
    return { is: 'found', found: { row, block, index, isOfPart: this.#order.holds(at.block, index) } };
  }

  /** Rows of the part, for statistics: all in the file's order, or, in no order, from all over it. */
  partRows(isSample: boolean): AsyncGenerator<PlacedRow> {
    return isSample ? this.#order.sample() : this.#order.inFileOrder();
  }

  /** Rows of the part; an estimate where `rowCount` is one. */
  get partRowCount(): number {
    return this.#order.rowCount ?? Math.round(this.rowCount * this.#order.share);
  }

  /** A row's tokens. @throws Failure `dataset-row-invalid` */
  encode(row: { readonly block: RowBlock; readonly index: number }): EncodedRow {
    return readRow(this.#source, row, (raw) => this.#reading.encode(this.#reading.read(raw)));
  }

  /** Reads all rows of a file of one block. @throws Failure `dataset-row-invalid` for the first that cannot be used */
  checkAll(): Promise<void> {
    return checkRows(this.#source, this.#reading.read);
  }

  close(): void {
    this.#source.close();
  }

  get #exactCount(): number | undefined {
    const { rowCount, blockCount } = this.#source;
    return rowCount ?? (this.#firstRows.length > blockCount ? this.countedRows : undefined);
  }

  async #blockOf(
    row: number,
    isOver: () => boolean,
  ): Promise<{ readonly block: number; readonly firstRow: number } | 'beyond' | 'later'> {
    const { blockCount } = this.#source;
    if (row >= (this.#exactCount ?? Infinity)) return 'beyond';
    const firstRow = (block: number): number => this.#firstRows[block] ?? this.#source.firstRow(block)!;
    const isKnown = this.#source.firstRow(blockCount - 1) !== undefined;
    while (!isKnown && row >= this.countedRows) {
      const number = this.#firstRows.length - 1;
      if (number === blockCount) return 'beyond';
      if (isOver()) return 'later';
      const block = await this.#open(number, isOver);
      if (block === undefined) return 'later';
      this.#firstRows.push(this.countedRows + block.length);
    }
    let low = 0;
    let high = isKnown ? blockCount : this.#firstRows.length - 1;
    // The last block whose first row is not after `row`: blocks without a row of their own are passed over.
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (firstRow(middle) <= row) low = middle;
      else high = middle;
    }
    return { block: low, firstRow: firstRow(low) };
  }

  /** A block, or nothing where what comes before it must be read first and the time is up. */
  async #open(number: number, isOver: () => boolean): Promise<RowBlock | undefined> {
    const held = this.#held.get(number);
    if (held !== undefined) return held;
    let next = number;
    if (this.#source.sequential) next = number > this.#lastRead ? this.#lastRead + 1 : 0;
    for (; ; next++) {
      const block = await this.#source.openBlock(next);
      this.#lastRead = next;
      this.#hold(next, block);
      if (next === number) return block;
      if (isOver()) return undefined;
    }
  }

  #hold(number: number, block: RowBlock): void {
    this.#held.set(number, block);
    if (this.#held.size > Math.max(2, Math.min(heldBlocks, this.#source.windowBlocks)))
      this.#held.delete(this.#held.keys().next().value!);
  }
}
