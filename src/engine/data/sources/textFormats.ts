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

/** One array of objects. */
export function jsonArrayFormat(bytes: ByteFile): RecordFormat {
  return {
    scan: () => createJsonArrayScanner(bytes.start),
    lineBased: false,
    start: bytes.start,
    linesBefore: 0,
    parse: parseObject,
  };
}

/**
 * JSON of either kind, told apart by the first character: people name JSON Lines `.json` too, and arrays `.jsonl`.
 * @throws Failure `dataset-not-rows`, `dataset-empty`
 */
export function jsonFormat(bytes: ByteFile, lines: boolean): RecordFormat {
  const { byte, line } = firstCharacter(bytes);
  if (byte === '[') return jsonArrayFormat(bytes);
  if (byte === '{' && (lines || firstLineIsObject(bytes))) return jsonLinesFormat(bytes);
  if (byte === undefined) throw datasetEmpty(bytes.path);
  const found = byte === '{' ? 'it is one single object' : `it begins with ${JSON.stringify(byte)}`;
  throw datasetNotRows(bytes.path, found, line);
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

function firstLineIsObject(bytes: ByteFile): boolean {
  const scanner = createLineScanner(bytes.start);
  const found: [number, number][] = [];
  for (let at = 0; at < bytes.size && found.length === 0; at += 2 ** 16) {
    scanner.feed(bytes.read(at, 2 ** 16), at, (start, end) => found.push([start, end]));
  }
  const [start, end] = found[0] ?? [bytes.start, bytes.size];
  try {
    parseObject(bytes.read(start, end - start));
    return true;
  } catch {
    // A broken first line is still a line if the others are rows of their own: `{` begins the second one too.
    return found.length > 1 && bytes.read(found[1]![0], 1)[0] === 0x7b;
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
