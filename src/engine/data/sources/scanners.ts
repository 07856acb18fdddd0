import { RowProblem } from '../failures';

/** Told of every record with its bytes `[start, end)` in the file and its 1-based first line. */
export type EmitRecord = (start: number, end: number, line: number) => void;

/** Finds records in a file that is fed to it from the start, piece by piece. */
export interface Scanner {
  feed(bytes: Uint8Array, position: number, emit: EmitRecord): void;
  /** @throws RowProblem if the file ends inside a record */
  finish(end: number, emit: EmitRecord): void;
  /** Line of the record that is being read, for problems. */
  readonly line: number;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;

export function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= newline) || byte === carriageReturn;
}

/** One record a line; lines with nothing but blanks are no records. */
export function createLineScanner(start: number): Scanner {
  let line = 1;
  let begin = start;
  /** Whether the line that began in an earlier piece has shown anything but blanks. */
  let seen = false;

  return {
    get line() {
      return line;
    },
    feed(bytes, position, emit) {
      let from = Math.max(0, begin - position);
      for (;;) {
        const at = bytes.indexOf(newline, from);
        const end = at === -1 ? bytes.length : at;
        seen = seen || hasText(bytes, from, end);
        if (at === -1) return;
        if (seen) emit(begin, position + at, line);
        seen = false;
        line++;
        from = at + 1;
        begin = position + from;
      }
    },
    finish(end, emit) {
      if (seen) emit(begin, end, line);
    },
  };
}

export function hasText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (!isBlank(bytes[index]!)) return true;
  return false;
}

/**
 * Records of a CSV file. A quote opens a field only at the field's start, as RFC 4180 and pandas have it, so a
 * stray one inside a text (`5" pipe`) does not swallow the rest of the file.
 */
export function createCsvScanner(start: number, delimiter: number): Scanner {
  let line = 1;
  let recordLine = 1;
  let begin = start;
  let seen = false;
  let quoted = false;
  let fieldStart = true;
  /** A quote was just read inside a quoted field: it ends the field unless another follows. */
  let closing = false;

  const endRecord = (end: number, emit: EmitRecord) => {
    if (seen) emit(begin, end, recordLine);
    seen = false;
    fieldStart = true;
    begin = end + 1;
    recordLine = line;
  };
  return {
    get line() {
      return recordLine;
    },
    feed(bytes, position, emit) {
      for (let index = Math.max(0, start - position); index < bytes.length; index++) {
        const byte = bytes[index]!;
        if (byte === newline) line++;
        if (quoted && !closing) {
          closing = byte === quote;
          continue;
        }
        if (closing) {
          closing = false;
          if (byte === quote) continue;
          quoted = false;
        }
        if (byte === newline) {
          endRecord(position + index, emit);
        } else if (byte === delimiter) {
          fieldStart = true;
          seen = true;
        } else if (byte === quote && fieldStart) {
          quoted = true;
          fieldStart = false;
          seen = true;
        } else {
          fieldStart = false;
          seen = seen || !isBlank(byte);
        }
      }
    },
    finish(end, emit) {
      endRecord(end, emit);
    },
  };
}

/** The elements of a JSON array, found by brackets and strings alone; what is inside is parsed later. */
export function createJsonArrayScanner(start: number): Scanner {
  let line = 1;
  let recordLine = 1;
  let begin = -1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let closed = false;
  let awaitsComma = false;

  const endElement = (end: number, emit: EmitRecord) => {
    if (begin === -1) return;
    emit(begin, end, recordLine);
    begin = -1;
    awaitsComma = true;
  };
  const beginElement = (position: number) => {
    if (begin !== -1) return;
    if (awaitsComma || closed) throw brokenArray(closed ? 'something follows the closing ]' : 'a comma is missing');
    begin = position;
    recordLine = line;
  };
  const atTop = (byte: number, position: number, emit: EmitRecord): void => {
    if (byte === 0x2c || byte === 0x5d) {
      if (begin === -1 && byte === 0x2c && !awaitsComma) throw brokenArray('there is nothing before a comma');
      endElement(position, emit);
      awaitsComma = false;
      closed = byte === 0x5d;
      if (closed) depth = 0;
      return;
    }
    if (isBlank(byte)) return;
    beginElement(position);
    if (byte === quote) inString = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
  };
  const scan = (byte: number, position: number, emit: EmitRecord): void => {
    if (byte === newline) line++;
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === 0x5c) escaped = true;
      else if (byte === quote) inString = false;
    } else if (depth === 1) {
      atTop(byte, position, emit);
    } else if (depth === 0) {
      if (byte === 0x5b && !closed) depth = 1;
      else if (!isBlank(byte)) beginElement(position);
    } else if (byte === quote) inString = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
  };
  /** Outside of any row, or after one that only lacks the comma. */
  const whole = () => depth <= 1 && !inString;
  return {
    get line() {
      return whole() ? line : recordLine;
    },
    feed(bytes, position, emit) {
      for (let index = Math.max(0, start - position); index < bytes.length; index++) {
        scan(bytes[index]!, position + index, emit);
      }
    },
    finish() {
      if (!closed) throw brokenArray(whole() ? 'the closing ] is missing' : 'the row that begins here never ends');
    },
  };
}

function brokenArray(what: string): RowProblem {
  return new RowProblem(
    `the JSON array is broken: ${what}`,
    'Open the file in the editor: it marks where the JSON is not valid.',
  );
}
