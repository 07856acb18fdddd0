import { readSync } from 'node:fs';
import { ggufBroken } from './failures';

const windowBytes = 1 << 18;

/**
 * Reads a file's numbers and texts one after the other, a piece of the file in memory at a time. Not with promises: a
 * vocabulary has hundreds of thousands of them.
 */
export class ByteCursor {
  #window = Buffer.alloc(0);
  #windowStart = 0;
  #at = 0;

  constructor(
    private readonly descriptor: number,
    private readonly file: string,
    readonly fileBytes: number,
    /** Nothing is read beyond it. */
    private readonly limit: number,
  ) {}

  /** Bytes read so far. */
  get position(): number {
    return this.#at;
  }

  /** Bytes that may still follow: what claims to be longer is broken, before memory is taken for it. */
  get remaining(): number {
    return Math.min(this.fileBytes, this.limit) - this.#at;
  }

  u8(what: string): number {
    return this.#number(1, what, (bytes) => bytes.readUInt8());
  }
  i8(what: string): number {
    return this.#number(1, what, (bytes) => bytes.readInt8());
  }
  u16(what: string): number {
    return this.#number(2, what, (bytes) => bytes.readUInt16LE());
  }
  i16(what: string): number {
    return this.#number(2, what, (bytes) => bytes.readInt16LE());
  }
  u32(what: string): number {
    return this.#number(4, what, (bytes) => bytes.readUInt32LE());
  }
  i32(what: string): number {
    return this.#number(4, what, (bytes) => bytes.readInt32LE());
  }
  f32(what: string): number {
    return this.#number(4, what, (bytes) => bytes.readFloatLE());
  }
  f64(what: string): number {
    return this.#number(8, what, (bytes) => bytes.readDoubleLE());
  }
  u64(what: string): bigint {
    return this.#number(8, what, (bytes) => bytes.readBigUInt64LE());
  }
  i64(what: string): bigint {
    return this.#number(8, what, (bytes) => bytes.readBigInt64LE());
  }

  /** A number of things of which each takes at least `each` bytes. */
  count(what: string, each: number): number {
    const count = this.u64(what);
    if (count * BigInt(each) > BigInt(Math.max(0, this.remaining))) {
      throw ggufBroken(this.file, `${what} says ${count}, more than the file has room for`);
    }
    return Number(count);
  }

  text(what: string): string {
    const length = this.count(`the length of ${what}`, 1);
    return this.take(length, what).toString('utf8');
  }

  /** The next bytes; they stay as they are only until the next call. */
  take(length: number, what: string): Buffer {
    if (length > this.remaining) throw ggufBroken(this.file, `it ends within ${what}`);
    let start = this.#at - this.#windowStart;
    if (start + length > this.#window.length) {
      this.#fill(Math.max(length, Math.min(windowBytes, this.remaining)), what);
      start = 0;
    }
    this.#at += length;
    return this.#window.subarray(start, start + length);
  }

  #fill(length: number, what: string): void {
    this.#window = Buffer.alloc(length);
    this.#windowStart = this.#at;
    for (let done = 0; done < length;) {
      const bytesRead = readSync(this.descriptor, this.#window, done, length - done, this.#at + done);
      if (bytesRead === 0) throw ggufBroken(this.file, `it ends within ${what}`);
      done += bytesRead;
    }
  }

  #number<T>(length: number, what: string, read: (bytes: Buffer) => T): T {
    return read(this.take(length, what));
  }
}
