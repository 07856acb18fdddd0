import { Failure } from '../../failure/failure';
import { TemplateExhausted } from './failures';
import { firstRow, detectReading, readRow } from './reading';
import { createRowReader } from './rowContent';
import type { RowContent, RowReader } from './rowContent';
import type { DetectedFormat, FormatOptions } from './rowFormat';
import { openSource } from './sources/openSource';
import { defaultLimits } from './sources/rowSource';
import type { RowBlock, RowPlace, RowSource, SourceLimits } from './sources/rowSource';

/** How much of a file is looked at, and how many places are kept. */
export interface ScanLimits extends SourceLimits {
  readonly scanBytes: number;
  readonly keptPlaces: number;
}

export const defaultScanLimits: ScanLimits = {
  ...defaultLimits,
  // A larger file is read in blocks, of which the first are looked at.
  indexBytes: 16 * 2 ** 20,
  scanBytes: 16 * 2 ** 20,
  keptPlaces: 20,
};

/** What the rows of a file look like, all problems of the first rows included. */
export interface ScannedRows {
  readonly bytes: number;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly rowsAreExact: boolean;
  /** How they are read; a failure where they fit no shape. */
  readonly detected: DetectedFormat | Failure;
  readonly scannedRows: number;
  readonly bad: readonly Failure[];
  readonly badCount: number;
  /** Rows with nothing to learn in them because it is empty. */
  readonly empty: readonly RowPlace[];
  readonly emptyCount: number;
}

/**
 * Looks at the first rows of a file, without a tokenizer.
 * @throws Failure where it cannot be read or is empty; what is wrong with single rows is in the answer
 */
export async function scanRows(
  file: string,
  options: FormatOptions,
  signal?: AbortSignal,
  limits: ScanLimits = defaultScanLimits,
): Promise<ScannedRows> {
  const source = await openSource(file, limits);
  try {
    const first = await firstRow(source);
    const detected = failureOr(() => detectReading(source, first, options));
    const read = detected instanceof Failure ? undefined : failureOr(() => createRowReader(detected));
    const scan = new Scan(source, read instanceof Failure ? undefined : read, limits, signal);
    await scan.run();
    return {
      bytes: source.byteLength,
      columns: source.columnNames(first.block),
      rows: source.rowCount ?? (await source.estimateRowCount()),
      rowsAreExact: source.rowCount !== undefined,
      detected: read instanceof Failure ? read : detected,
      ...scan.result,
    };
  } finally {
    source.close();
  }
}

function failureOr<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

class Scan {
  readonly #bad: Failure[] = [];
  readonly #empty: RowPlace[] = [];
  #badCount = 0;
  #emptyCount = 0;
  #scanned = 0;

  constructor(
    private readonly source: RowSource,
    /** Undefined: rows are only looked at as records. */
    private readonly read: RowReader | undefined,
    private readonly limits: ScanLimits,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async run(): Promise<void> {
    const { blockCount } = this.source;
    const blocks = blockCount === 1 ? 1 : Math.ceil(this.limits.scanBytes / this.limits.blockBytes);
    for (let number = 0; number < Math.min(blocks, blockCount); number++) {
      const block = await this.source.openBlock(number);
      for (let index = 0; index < block.length; index++) {
        if (this.#scanned % 256 === 0) this.signal?.throwIfAborted();
        this.#look(block, index);
      }
    }
  }

  get result(): Pick<ScannedRows, 'scannedRows' | 'bad' | 'badCount' | 'empty' | 'emptyCount'> {
    return {
      scannedRows: this.#scanned,
      bad: this.#bad,
      badCount: this.#badCount,
      empty: this.#empty,
      emptyCount: this.#emptyCount,
    };
  }

  #look(block: RowBlock, index: number): void {
    this.#scanned++;
    const content = failureOr(() => readRow(this.source, { block, index }, (row) => this.read?.(row)));
    // The next rows would take as long.
    if (content instanceof TemplateExhausted) throw content;
    if (content instanceof Failure) {
      this.#badCount++;
      if (this.#bad.length < this.limits.keptPlaces) this.#bad.push(content);
    } else if (content !== undefined && isEmpty(content)) {
      this.#emptyCount++;
      if (this.#empty.length < this.limits.keptPlaces) this.#empty.push(placeOf(block, index));
    }
  }
}

export function placeOf(block: RowBlock, index: number): RowPlace {
  const { row } = block.place(index);
  const line = block.findLine(index);
  return { row, ...(line === undefined ? {} : { line }) };
}

/** Whether what is learnt of a row is no text at all. */
function isEmpty(content: RowContent): boolean {
  switch (content.kind) {
    case 'text':
      return content.text.trim() === '';
    case 'completion':
      return content.completion.trim() === '';
    case 'chat':
      return !content.messages.some((message) => message.role === 'assistant' && says(message));
    case 'chat-completion':
      return !content.completion.some(says);
  }
}

function says({
  content,
  tool_calls: calls,
}: {
  readonly content?: unknown;
  readonly [key: string]: unknown;
}): boolean {
  return (
    Array.isArray(calls) ||
    (typeof content === 'string' ? content.trim() !== '' : Array.isArray(content) && content.length > 0)
  );
}
