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

/**
 * The elements of a JSON array, found by brackets and strings alone; what is inside is parsed later.
 * @param isWrapped the array lies in an object, the rest of which is not looked at
 */
export function createJsonArrayScanner(start: number, isWrapped = false): Scanner {
  return new JsonArrayScanner(start, isWrapped);
}

const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

class JsonArrayScanner implements Scanner {
  readonly #start: number;
  readonly #isWrapped: boolean;
  #line = 1;
  #recordLine = 1;
  /** Where the element that is being read begins, −1 between elements. */
  #begin = -1;
  /** Brackets that are open: 1 directly in the array. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #closed = false;

  constructor(start: number, isWrapped: boolean) {
    this.#start = start;
    this.#isWrapped = isWrapped;
  }

  get line(): number {
    return this.#betweenRows ? this.#line : this.#recordLine;
  }

  feed(bytes: Uint8Array, position: number, emit: EmitRecord): void {
    for (let index = Math.max(0, this.#start - position); index < bytes.length; index++) {
      if (this.#closed && this.#isWrapped) return;
      this.#read(bytes[index]!, position + index, emit);
    }
  }

  finish(): void {
    if (this.#closed) return;
    throw brokenArray(this.#betweenRows ? 'the closing ] is missing' : 'the row that begins here never ends');
  }

  /** Outside of any row, or after one that only lacks the comma. */
  get #betweenRows(): boolean {
    return this.#depth <= 1 && !this.#inString;
  }

  #read(byte: number, position: number, emit: EmitRecord): void {
    if (byte === newline) this.#line++;
    if (this.#inString) this.#readString(byte);
    else if (this.#depth === 0) this.#readOutside(byte);
    else if (this.#depth === 1 && (byte === comma || byte === closeBracket)) this.#endElement(byte, position, emit);
    else if (!isBlank(byte)) this.#readInside(byte, position);
  }

  #readString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inString = false;
  }

  #readOutside(byte: number): void {
    if (byte === openBracket && !this.#closed) this.#depth = 1;
    else if (!isBlank(byte)) throw brokenArray('something follows the closing ]');
  }

  #endElement(byte: number, position: number, emit: EmitRecord): void {
    if (this.#begin !== -1) emit(this.#begin, position, this.#recordLine);
    else if (byte === comma) throw brokenArray('there is nothing before a comma');
    this.#begin = -1;
    this.#closed = byte === closeBracket;
    if (this.#closed) this.#depth = 0;
  }

  #readInside(byte: number, position: number): void {
    if (this.#begin === -1) {
      this.#begin = position;
      this.#recordLine = this.#line;
    }
    if (byte === quote) this.#inString = true;
    else if (byte === openBrace || byte === openBracket) this.#depth++;
    else if (byte === closeBrace || byte === closeBracket) this.#depth--;
  }
}

function brokenArray(what: string): RowProblem {
  return new RowProblem(
    `the JSON array is broken: ${what}`,
    'Open the file in the editor: it marks where the JSON is not valid.',
  );
}
