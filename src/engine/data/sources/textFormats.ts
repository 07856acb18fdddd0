import { parse as parseCsv } from 'csv-parse/sync';
import { datasetEmpty, datasetNotRows, RowProblem } from '../failures';
import { decodeText } from './byteFile';
import type { ByteFile } from './byteFile';
import type { RecordFormat } from './recordSource';
import type { RawRow } from './rowSource';
import { createCsvScanner, createJsonArrayScanner, createLineScanner, isBlank } from './scanners';

/**
 * Plain text: one row a line, `{text: line}`, as `datasets.load_dataset("text", …)` reads it for TRL and Transformers.
 * Unlike there, lines with nothing but blanks are no rows, as a row of nothing but the end token teaches nothing.
 */
export function plainTextFormat(bytes: ByteFile): RecordFormat {
  return eachLine(bytes, (record) => ({ text: decodeText(record).replace(/\r$/, '') }));
}

/** One JSON object a line. */
export function jsonLinesFormat(bytes: ByteFile): RecordFormat {
  return eachLine(bytes, parseObject);
}

/** One array of objects, which may lie in an object. */
export function jsonArrayFormat(bytes: ByteFile, start = bytes.start, isWrapped = false): RecordFormat {
  const before = bytes.read(bytes.start, start - bytes.start);
  return {
    scan: () => createJsonArrayScanner(start, isWrapped),
    lineBased: false,
    start,
    linesBefore: before.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0),
    parse: parseObject,
  };
}

/**
 * JSON of either kind, told apart by the first character: people name JSON Lines `.json` too, and arrays `.jsonl`. A
 * single object that holds the rows under a usual name is read as `load_dataset(…, field="data")` reads it.
 * @throws Failure `dataset-not-rows`, `dataset-empty`
 */
export function jsonFormat(bytes: ByteFile, lines: boolean): RecordFormat {
  const { byte, line } = firstCharacter(bytes);
  if (byte === '[') return jsonArrayFormat(bytes);
  if (byte === '{') {
    const [first, second] = firstLines(bytes);
    const isOneObject = !isObject(bytes, first) || second === undefined;
    const list = isOneObject ? findWrappedList(bytes) : undefined;
    if (list !== undefined) return jsonArrayFormat(bytes, list, true);
    // A broken first line is still a line if the others are rows of their own: `{` begins the second one too.
    const isLine = isObject(bytes, first) || (second !== undefined && bytes.read(second[0], 1)[0] === 0x7b);
    if (lines || isLine) return jsonLinesFormat(bytes);
  }
  if (byte === undefined) throw datasetEmpty(bytes.path);
  const found = byte === '{' ? 'it is one single object' : `it begins with ${JSON.stringify(byte)}`;
  throw datasetNotRows(bytes.path, found, line);
}

/** Keys under which files of one object hold their rows. */
const wrapperKeys = 'data|rows|train|examples|instances|items|records|samples';
/** Single values may come first, such as a version. */
const wrapper = new RegExp(
  `^\\s*\\{(?:\\s*"[^"\\\\]*"\\s*:\\s*(?:"(?:[^"\\\\]|\\\\.)*"|[\\w.+-]+)\\s*,)*\\s*"(?:${wrapperKeys})"\\s*:\\s*(?=\\[\\s*\\{)`,
);

/** Where the list of rows begins in a file of one object. */
function findWrappedList(bytes: ByteFile): number | undefined {
  // One byte is one character, so that a match's length is one in bytes.
  const beginning = bytes.read(bytes.start, 2 ** 16).toString('latin1');
  const [before] = wrapper.exec(beginning) ?? [];
  return before === undefined ? undefined : bytes.start + before.length;
}

/**
 * Records with a header. The delimiter is a tab in `.tsv`, else whichever of comma, semicolon and tab the header has.
 * @throws Failure `dataset-empty`
 */
export function csvFormat(bytes: ByteFile, tabs: boolean): RecordFormat {
  const header = readHeader(bytes, tabs);
  const delimiterByte = header.delimiter.charCodeAt(0);
  return {
    scan: () => createCsvScanner(header.end, delimiterByte),
    lineBased: false,
    start: header.end,
    linesBefore: header.lines,
    parse: (record) => {
      const fields = parseRecord(decodeText(record), header.delimiter);
      if (fields.length === header.columns.length) {
        return Object.fromEntries(header.columns.map((column, index) => [column, fields[index]]));
      }
      throw new RowProblem(
        `it has ${fields.length} fields where the header names ${header.columns.length}`,
        `A field that holds the delimiter "${header.delimiter}" or a line break stands in quotes: "like, this".`,
      );
    },
  };
}

function eachLine(bytes: ByteFile, parse: (record: Buffer) => RawRow): RecordFormat {
  return { scan: () => createLineScanner(bytes.start), lineBased: true, start: bytes.start, linesBefore: 0, parse };
}

function parseObject(record: Buffer): RawRow {
  const text = decodeText(record);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RowProblem(
      `it is not valid JSON (${describeJsonError(error)})`,
      'In a .jsonl file every line is one complete object: {"prompt": "…", "completion": "…"}.',
      error,
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RawRow;
  throw new RowProblem(
    `it is ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}, not an object`,
    'A row is an object of columns: {"prompt": "…", "completion": "…"}.',
  );
}

/** The reason without the piece of the text that V8 quotes, which can be a whole private row. */
function describeJsonError(error: unknown): string {
  const message = (error as Error).message;
  const reason = /^(.*?)(?:,? (?:"|\.\.\.)[\s\S]*)?$/s.exec(message)?.[1];
  return reason === undefined || reason === '' ? 'syntax error' : reason;
}

function firstCharacter(bytes: ByteFile): { byte: string | undefined; line: number } {
  let line = 1;
  for (let at = bytes.start; at < bytes.size; at += 4096) {
    for (const byte of bytes.read(at, 4096)) {
      if (!isBlank(byte)) return { byte: String.fromCharCode(byte), line };
      if (byte === 0x0a) line++;
    }
  }
  return { byte: undefined, line };
}

type Stretch = readonly [start: number, end: number];

/** The first two lines with anything in them. */
function firstLines(bytes: ByteFile): readonly [Stretch, Stretch | undefined] {
  const scanner = createLineScanner(bytes.start);
  const found: Stretch[] = [];
  const emit = (start: number, end: number): unknown => found.push([start, end]);
  for (let at = bytes.start; at < bytes.size && found.length < 2; at += 2 ** 16) {
    scanner.feed(bytes.read(at, 2 ** 16), at, emit);
  }
  if (found.length < 2) scanner.finish(bytes.size, emit);
  return [found[0] ?? [bytes.start, bytes.size], found[1]];
}

/** No line this long is a row. */
const longestLine = 2 ** 26;

function isObject(bytes: ByteFile, [start, end]: Stretch): boolean {
  if (end - start > longestLine) return false;
  try {
    parseObject(bytes.read(start, end - start));
    return true;
  } catch {
    return false;
  }
}

interface Header {
  readonly columns: readonly string[];
  readonly delimiter: string;
  /** Where the first record begins. */
  readonly end: number;
  readonly lines: number;
}

function readHeader(bytes: ByteFile, tabs: boolean): Header {
  const sample =
    bytes
      .read(bytes.start, 2 ** 16)
      .toString('latin1')
      .split(/\r?\n/, 1)[0] ?? '';
  const candidates = tabs ? ['\t'] : [',', ';', '\t'];
  const delimiter = candidates.reduce((best, other) =>
    sample.split(other).length > sample.split(best).length ? other : best,
  );
  const scanner = createCsvScanner(bytes.start, delimiter.charCodeAt(0));
  const found: { start: number; end: number }[] = [];
  const emit = (start: number, end: number) => found.push({ start, end });
  for (let at = 0; at < bytes.size && found.length === 0; at += 2 ** 16) {
    scanner.feed(bytes.read(at, 2 ** 16), at, emit);
  }
  if (found.length === 0) scanner.finish(bytes.size, emit);
  const [first] = found;
  if (first === undefined) throw datasetEmpty(bytes.path);
  const before = bytes.read(0, Math.min(first.end + 1, bytes.size));
  return {
    columns: parseRecord(decodeText(bytes.read(first.start, first.end - first.start)), delimiter),
    delimiter,
    end: Math.min(first.end + 1, bytes.size),
    lines: before.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0),
  };
}

function parseRecord(text: string, delimiter: string): string[] {
  if (!text.includes('"')) return text.replace(/\r$/, '').split(delimiter);
  let records: string[][];
  try {
    records = parseCsv(text.replace(/\r$/, ''), {
      delimiter,
      relax_column_count: true,
      relax_quotes: true,
      record_delimiter: ['\r\n', '\n'],
    });
  } catch (error) {
    const unclosed = (error as { code?: string }).code === 'CSV_QUOTE_NOT_CLOSED';
    throw new RowProblem(
      unclosed ? 'a quote that opens a field is never closed' : `it is not valid CSV (${(error as Error).message})`,
      'A quote inside a quoted field is written twice: "say ""hi""".',
      error,
    );
  }
  return records[0] ?? [''];
}
