import { RowProblem, rowInvalid } from '../failures';
import type { ByteFile } from './byteFile';
import { RecordIndex } from './recordIndex';
import type { RawRow, RowBlock, RowSource, SourceLimits } from './rowSource';
import { hasText } from './scanners';
import type { Scanner } from './scanners';

/** What the text formats differ in. */
export interface RecordFormat {
  /** A scanner from the first record on. */
  scan(): Scanner;
  /** Every line break ends a record, so that reading can begin at any of them. */
  readonly lineBased: boolean;
  /** Where the first record begins. */
  readonly start: number;
  /** Lines before `start`. */
  readonly linesBefore: number;
  /** @throws RowProblem */
  parse(bytes: Buffer): RawRow;
}

const pieceBytes = 2 ** 20;
/** Beyond this a row is a file with other line breaks, not a row; it also would not fit in one string. */
const largestRow = 128 * 2 ** 20;
const newline = 0x0a;

/** @throws Failure `dataset-row-invalid` where the file's structure is broken */
export function openRecordSource(bytes: ByteFile, format: RecordFormat, limits: SourceLimits): RowSource {
  if (bytes.size <= limits.indexBytes) return indexedSource(bytes, format);
  return format.lineBased ? blockSource(bytes, format, limits) : sequentialSource(bytes, format, limits);
}

/** The whole file is one block. */
function indexedSource(bytes: ByteFile, format: RecordFormat): RowSource {
  const index = new RecordIndex();
  const scanner = format.scan();
  const emit = (start: number, end: number, line: number) => index.add(start, end, line + format.linesBefore);
  guard(bytes, scanner, format, () => {
    for (let at = 0; at < bytes.size; at += pieceBytes) scanner.feed(bytes.read(at, pieceBytes), at, emit);
    scanner.finish(bytes.size, emit);
  });
  const block = blockOf(bytes, format, index, 0);
  return {
    ...common(bytes, format),
    blockCount: 1,
    sequential: false,
    windowBlocks: 1,
    rowCount: index.length,
    estimateRowCount: () => Promise.resolve(index.length),
    openBlock: () => Promise.resolve(block),
  };
}

/** Blocks of equal size; a row belongs to the block in which it begins. */
function blockSource(bytes: ByteFile, format: RecordFormat, limits: SourceLimits): RowSource {
  const { start } = format;
  const blockCount = Math.ceil((bytes.size - start) / limits.blockBytes);
  const openBlock = (number: number): Promise<RowBlock> => {
    const from = start + number * limits.blockBytes;
    const to = Math.min(from + limits.blockBytes, bytes.size);
    return Promise.resolve(blockOf(bytes, format, indexLines(bytes, from, to, start), -1));
  };
  return {
    ...common(bytes, format),
    blockCount,
    sequential: false,
    windowBlocks: Math.max(1, Math.round(limits.windowBytes / limits.blockBytes)),
    rowCount: undefined,
    estimateRowCount: async () => {
      const sampled = Math.min(8, blockCount);
      let rows = 0;
      for (let number = 0; number < sampled; number++) {
        rows += (await openBlock(Math.floor((number * blockCount) / sampled))).length;
      }
      return Math.max(1, Math.round((rows / sampled) * blockCount));
    },
    openBlock,
  };
}

function indexLines(bytes: ByteFile, from: number, to: number, fileStart: number): RecordIndex {
  const index = new RecordIndex();
  let begin = from;
  if (from > fileStart) {
    const before = findNewline(bytes, from - 1);
    if (before === undefined || before + 1 >= to) return index;
    begin = before + 1;
  }
  const piece = bytes.read(begin, to - begin);
  let at = 0;
  while (at < piece.length) {
    const found = piece.indexOf(newline, at);
    if (found === -1) break;
    if (hasText(piece, at, found)) index.add(begin + at, begin + found, 0);
    at = found + 1;
  }
  if (at < piece.length) {
    // The last row begins here and ends in a later block.
    const end = findNewline(bytes, begin + piece.length) ?? bytes.size;
    const rest = bytes.read(begin + at, Math.min(end - begin - at, pieceBytes));
    if (hasText(rest, 0, rest.length)) index.add(begin + at, end, 0);
  }
  return index;
}

function findNewline(bytes: ByteFile, from: number): number | undefined {
  const step = 2 ** 16;
  for (let at = from; at < bytes.size; at += step) {
    const found = bytes.read(at, step).indexOf(newline);
    if (found !== -1) return at + found;
  }
  return undefined;
}

/** Blocks that are found in the order of the file; a row belongs to the block in which it ends. */
function sequentialSource(bytes: ByteFile, format: RecordFormat, limits: SourceLimits): RowSource {
  const blockCount = Math.max(1, Math.ceil(bytes.size / limits.blockBytes));
  let scanner = format.scan();
  let next = 0;
  let rows = 0;

  const scanBlock = (): RowBlock => {
    const index = new RecordIndex();
    const emit = (start: number, end: number, line: number) => index.add(start, end, line + format.linesBefore);
    const at = next * limits.blockBytes;
    guard(bytes, scanner, format, () => {
      scanner.feed(bytes.read(at, limits.blockBytes), at, emit);
      if (next === blockCount - 1) scanner.finish(bytes.size, emit);
    });
    const block = blockOf(bytes, format, index, rows);
    next++;
    rows += index.length;
    return block;
  };
  const openBlock = (number: number): Promise<RowBlock> => {
    if (number < next) {
      scanner = format.scan();
      next = 0;
      rows = 0;
    }
    while (next < number) scanBlock();
    return Promise.resolve(scanBlock());
  };
  return {
    ...common(bytes, format),
    blockCount,
    sequential: true,
    windowBlocks: Math.max(1, Math.round(limits.windowBytes / limits.blockBytes)),
    rowCount: undefined,
    estimateRowCount: async () => {
      const sampled = Math.min(8, blockCount);
      let found = 0;
      for (let number = 0; number < sampled; number++) found += (await openBlock(number)).length;
      return Math.max(1, Math.round((found / sampled) * blockCount));
    },
    openBlock,
  };
}

/** By the first rows, as a key that is optional may be missing in the very first one. Bad rows are named later. */
function columnsOf(block: RowBlock): string[] {
  const names = new Set<string>();
  for (let row = 0; row < Math.min(16, block.length); row++) {
    try {
      for (const name of Object.keys(block.read(row))) names.add(name);
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
    }
  }
  return [...names];
}

function common(bytes: ByteFile, format: RecordFormat) {
  return {
    file: bytes.path,
    byteLength: bytes.size - format.start,
    columnNames: columnsOf,
    firstRow: (block: number) => (block === 0 ? 0 : undefined),
    selectColumns: () => undefined,
    close: () => bytes.close(),
  };
}

/** @param firstRow number of the block's first row, −1 if rows are not counted */
function blockOf(bytes: ByteFile, format: RecordFormat, index: RecordIndex, firstRow: number): RowBlock {
  const knownLine = (row: number) => (index.line(row) === 0 ? undefined : index.line(row));
  return {
    length: index.length,
    read: (row) => {
      if (index.byteLength(row) > largestRow) throw rowTooLong(index.byteLength(row));
      return format.parse(bytes.read(index.start(row), index.byteLength(row)));
    },
    place: (row) => {
      const line = knownLine(row);
      return { row: firstRow === -1 ? -1 : firstRow + row, ...(line === undefined ? {} : { line }) };
    },
    findLine: (row) => knownLine(row) ?? countLines(bytes, index.start(row)),
  };
}

function rowTooLong(bytes: number): RowProblem {
  const size = `${Math.round(bytes / 2 ** 20)} MB`;
  return new RowProblem(
    `it is ${size} long`,
    'Put each row on a line of its own, with line breaks as on Linux or Windows.',
  );
}

function countLines(bytes: ByteFile, end: number): number {
  let line = 1;
  for (let at = 0; at < end; at += pieceBytes) {
    const piece = bytes.read(at, Math.min(pieceBytes, end - at));
    for (let found = piece.indexOf(newline); found !== -1; found = piece.indexOf(newline, found + 1)) line++;
  }
  return line;
}

/** Gives a scanner's complaint its place. */
function guard(bytes: ByteFile, scanner: Scanner, format: RecordFormat, scan: () => void): void {
  try {
    scan();
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error;
    throw rowInvalid({ file: bytes.path, line: scanner.line + format.linesBefore }, error);
  }
}
