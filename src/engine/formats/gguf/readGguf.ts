import { closeSync, fstatSync, openSync } from 'node:fs';
import { Failure } from '../../../failure/failure';
import { fileMissing, fileUnreadable, systemErrorCode } from '../failures';
import { ByteCursor } from './byteCursor';
import { ggufBigEndian, ggufBroken, ggufTypeUnsupported, ggufVersionUnsupported } from './failures';
import { ggufTypeOf, ggufTypes, otherTypeName } from './types';
import type { GgufType } from './types';

/** A value of a GGUF file's metadata. 64-bit whole numbers beyond what a double holds exactly are bigints. */
export type GgufValue = string | number | bigint | boolean | readonly GgufValue[];

/** Where a tensor lies in a GGUF file. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** As PyTorch writes it: the last axis is the one along which neighbours lie. */
  readonly shape: readonly number[];
  /** First byte, from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface GgufFile {
  readonly file: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Of what stands before the tensors; vocabularies of some hundred thousand tokens take about ten million bytes. */
const maximumHeaderBytes = 256 * 2 ** 20;
const maximumAxes = 4;
const maximumNesting = 4;
const maximumNameBytes = 65_535;

/**
 * Reads and checks header, metadata and the directory of tensors; no weight is read. After this every tensor is known to
 * lie inside the file, with the length its shape needs, aligned, and none upon another.
 * Format: ggml's `docs/gguf.md`, versions 2 and 3.
 * @throws Failure `gguf-broken`, `gguf-version`, `gguf-big-endian`, `gguf-type-unsupported`; `file-missing`,
 *   `file-unreadable`
 */
export function readGguf(file: string): GgufFile {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const cursor = new ByteCursor(descriptor, file, fstatSync(descriptor).size, maximumHeaderBytes);
    return new HeaderReader(file, cursor).read();
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof Failure || code === undefined) throw error;
    throw code === 'ENOENT' ? fileMissing(file) : fileUnreadable(file, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

class HeaderReader {
  constructor(
    private readonly file: string,
    private readonly cursor: ByteCursor,
  ) {}

  read(): GgufFile {
    this.#start();
    // A tensor's entry has at least two lengths, a type and an offset; a key at least a length, a type and a byte.
    const tensorCount = this.cursor.count('the number of tensors', 24);
    const keyCount = this.cursor.count('the number of keys', 13);
    const metadata = this.#metadata(keyCount);
    const entries = [];
    for (let i = 0; i < tensorCount; i++) entries.push(this.#tensor(i));
    const alignment = this.#alignment(metadata);
    const start = Math.ceil(this.cursor.position / alignment) * alignment;
    const tensors = new Map<string, GgufTensor>();
    for (const { offset, ...tensor } of entries) {
      if (tensors.has(tensor.name)) throw this.#broken('two tensors have this name', tensor.name);
      if (offset % alignment !== 0) throw this.#broken(`it is not aligned to ${alignment} bytes`, tensor.name);
      tensors.set(tensor.name, { ...tensor, offset: start + offset });
    }
    this.#checkPlaces([...tensors.values()]);
    return { file: this.file, metadata, tensors };
  }

  #start(): void {
    const { file, cursor } = this;
    if (cursor.remaining < 24) throw ggufBroken(file, `it has only ${cursor.fileBytes} bytes`);
    if (cursor.take(4, 'its first word').toString('latin1') !== 'GGUF') {
      throw ggufBroken(file, 'it does not begin with "GGUF"');
    }
    const version = cursor.u32('its version');
    if (version === 2 || version === 3) return;
    throw version > 0xffff ? ggufBigEndian(file) : ggufVersionUnsupported(file, version);
  }

  #metadata(count: number): ReadonlyMap<string, GgufValue> {
    const metadata = new Map<string, GgufValue>();
    for (let i = 0; i < count; i++) {
      const key = this.cursor.text(`the name of key ${i + 1}`);
      if (key === '' || key.length > maximumNameBytes) throw this.#broken(`key ${i + 1} has no proper name`);
      if (metadata.has(key)) throw this.#broken('there are two keys of this name', key);
      metadata.set(key, this.#value(this.cursor.u32(key), key, 0));
    }
    return metadata;
  }

  #value(type: number, key: string, depth: number): GgufValue {
    const scalar = scalars[type];
    if (scalar !== undefined) {
      const value = scalar.read(this.cursor, key);
      if (type !== boolType) return value;
      if (value !== 0 && value !== 1) throw this.#broken('it is neither true nor false', key);
      return value === 1;
    }
    if (type !== arrayType) throw this.#broken(`it has a type of number ${type}, which does not exist`, key);
    if (depth === maximumNesting) throw this.#broken('its lists lie too deep in each other', key);
    const itemType = this.cursor.u32(key);
    const smallest = scalars[itemType]?.bytes ?? 12;
    const length = this.cursor.count(`the length of the list ${key}`, smallest);
    const items: GgufValue[] = [];
    for (let i = 0; i < length; i++) items.push(this.#value(itemType, key, depth + 1));
    return items;
  }

  #tensor(index: number): GgufTensor {
    const { cursor } = this;
    const name = cursor.text(`the name of tensor ${index + 1}`);
    if (name === '' || name.length > maximumNameBytes) throw this.#broken(`tensor ${index + 1} has no proper name`);
    const axes = cursor.u32(name);
    if (axes > maximumAxes) throw this.#broken(`it has ${axes} axes; ${maximumAxes} are the most`, name);
    const sizes: bigint[] = [];
    for (let i = 0; i < axes; i++) sizes.push(cursor.u64(name));
    const typeId = cursor.u32(name);
    const offset = cursor.u64(name);
    const type = ggufTypeOf(typeId);
    if (type === undefined) throw ggufTypeUnsupported(this.file, name, otherTypeName(typeId));
    const { block, bytes } = ggufTypes[type];
    const count = sizes.reduce((product, size) => product * size, 1n);
    const byteLength = (count / BigInt(block)) * BigInt(bytes);
    // Factor by factor, as a size of 0 hides what the others say.
    if (
      sizes.some((size) => size > BigInt(cursor.fileBytes) * BigInt(block)) ||
      byteLength > BigInt(cursor.fileBytes)
    ) {
      throw this.#broken(`it is larger than the file`, name);
    }
    if ((sizes[0] ?? 1n) % BigInt(block) !== 0n) {
      throw this.#broken(`its rows of ${sizes[0]} numbers do not fill blocks of ${block} (${type})`, name);
    }
    if (offset > BigInt(cursor.fileBytes)) throw this.#broken('it lies beyond the end of the file', name);
    const shape = sizes.map(Number).reverse();
    return { name, type, shape, offset: Number(offset), byteLength: Number(byteLength) };
  }

  #alignment(metadata: ReadonlyMap<string, GgufValue>): number {
    const key = 'general.alignment';
    const value = metadata.get(key) ?? 32;
    const isPower = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 2 ** 20;
    if (!isPower || (value & (value - 1)) !== 0) throw this.#broken('it is no power of two up to 1,048,576', key);
    return value;
  }

  #checkPlaces(tensors: readonly GgufTensor[]): void {
    const ordered = [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
    let before: GgufTensor | undefined;
    for (const tensor of ordered) {
      if (tensor.offset + tensor.byteLength > this.cursor.fileBytes) {
        throw this.#broken(
          `it needs ${tensor.offset + tensor.byteLength} bytes, the file has ${this.cursor.fileBytes}`,
          tensor.name,
        );
      }
      if (before !== undefined && tensor.offset < before.offset + before.byteLength) {
        throw this.#broken(`it lies upon "${before.name}"`, tensor.name);
      }
      before = tensor;
    }
  }

  #broken(detail: string, path?: string): Error {
    return ggufBroken(this.file, path === undefined ? detail : `of "${path}", ${detail}`, path);
  }
}

interface Scalar {
  readonly bytes: number;
  readonly read: (cursor: ByteCursor, key: string) => string | number | bigint;
}

const boolType = 7;
const arrayType = 9;

const exact = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

/** By the number of a value's type; a list (9) is not among them. */
const scalars: Readonly<Record<number, Scalar>> = {
  0: { bytes: 1, read: (cursor, key) => cursor.u8(key) },
  1: { bytes: 1, read: (cursor, key) => cursor.i8(key) },
  2: { bytes: 2, read: (cursor, key) => cursor.u16(key) },
  3: { bytes: 2, read: (cursor, key) => cursor.i16(key) },
  4: { bytes: 4, read: (cursor, key) => cursor.u32(key) },
  5: { bytes: 4, read: (cursor, key) => cursor.i32(key) },
  6: { bytes: 4, read: (cursor, key) => cursor.f32(key) },
  [boolType]: { bytes: 1, read: (cursor, key) => cursor.u8(key) },
  8: { bytes: 8, read: (cursor, key) => cursor.text(key) },
  10: { bytes: 8, read: (cursor, key) => exact(cursor.u64(key)) },
  11: { bytes: 8, read: (cursor, key) => exact(cursor.i64(key)) },
  12: { bytes: 8, read: (cursor, key) => cursor.f64(key) },
};
