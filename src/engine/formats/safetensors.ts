import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { writeFileAtomically } from './atomicFile';
import type { WriteBytes } from './atomicFile';
import {
  fileUnreadable,
  safetensorsDtypeUnknown,
  safetensorsEntryBroken,
  safetensorsHeaderBroken,
  safetensorsHeaderHuge,
  safetensorsHeaderTooLong,
  safetensorsHole,
  safetensorsLengthMismatch,
  safetensorsMissing,
  safetensorsOverlap,
  safetensorsTruncated,
  systemErrorCode,
  tensorNotFloat,
} from './failures';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './halfPrecision';
import { isJsonObject } from './jsonFile';

/** Bytes per element of every dtype that a safetensors file may name. */
export const storedDtypeBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
} as const;

export type StoredDtype = keyof typeof storedDtypeBytes;

/** Where a tensor lies on disk: row-major, little-endian. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly file: string;
  /** First byte, from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsFile {
  readonly file: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

const lengthBytes = 8;
const maximumHeaderBytes = 100_000_000;

/**
 * Reads and checks the header; no weight is read. After this every entry is known to lie inside the file, with the
 * length its shape needs, and the entries cover the file without overlap or hole.
 * @throws Failure `safetensors-missing`, `-truncated`, `-header-too-long`, `-header-huge`, `-header-broken`,
 *   `-entry-broken`, `-dtype-unknown`, `-length-mismatch`, `-overlap`, `-hole`; `file-unreadable`
 */
export async function readSafetensorsHeader(file: string): Promise<SafetensorsFile> {
  return withFile(file, async (handle) => {
    const fileBytes = (await handle.stat()).size;
    if (fileBytes < lengthBytes) throw safetensorsTruncated(file, `it has only ${fileBytes} bytes`);
    const headerBytes = (await readExactly(handle, file, 0, lengthBytes)).readBigUInt64LE();
    if (headerBytes > BigInt(fileBytes - lengthBytes)) throw safetensorsHeaderTooLong(file, headerBytes, fileBytes);
    if (headerBytes > BigInt(maximumHeaderBytes)) throw safetensorsHeaderHuge(file, headerBytes);
    const text = (await readExactly(handle, file, lengthBytes, Number(headerBytes))).toString('utf8');
    const dataStart = lengthBytes + Number(headerBytes);
    const { __metadata__: metadata, ...entries } = parseHeader(file, text);
    const tensors = Object.entries(entries).map(([name, entry]) => parseEntry(file, name, entry, dataStart));
    checkCoverage(file, tensors, dataStart, fileBytes);
    return {
      file,
      metadata: parseMetadata(file, metadata),
      tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    };
  });
}

/**
 * One tensor as 32-bit floats, row-major: F32 as it is, F16 and BF16 widened exactly, F64 rounded to nearest.
 * @throws Failure `tensor-dtype-unsupported` for whole numbers and 8-bit floats; `safetensors-missing`,
 *   `safetensors-truncated` when the file changed since its header was read
 */
export async function readTensor(entry: TensorEntry): Promise<Float32Array> {
  return readElements(entry, 0, entry.byteLength / storedDtypeBytes[entry.dtype]);
}

/**
 * `count` elements of one tensor from `start` on, in row-major order; otherwise as `readTensor`.
 * @throws as `readTensor`
 */
export async function readElements(entry: TensorEntry, start: number, count: number): Promise<Float32Array> {
  const widen = widening[entry.dtype];
  if (widen === undefined && entry.dtype !== 'F32') throw tensorNotFloat(entry.file, entry.name, entry.dtype);
  const size = storedDtypeBytes[entry.dtype];
  const target = new Float32Array(count);
  const offset = entry.offset + start * size;
  await withFile(entry.file, async (handle) => {
    if (widen === undefined) {
      await readInto(handle, entry.file, offset, bytesOf(target));
      return;
    }
    // In pieces, so that the stored and the widened tensor never lie in memory together.
    const piece = new ArrayBuffer(Math.min(target.length, pieceElements) * size);
    for (let done = 0; done < target.length; done += pieceElements) {
      const taken = Math.min(pieceElements, target.length - done);
      await readInto(handle, entry.file, offset + done * size, new Uint8Array(piece, 0, taken * size));
      widen(piece, target.subarray(done, done + taken));
    }
  });
  return target;
}

/**
 * The stored bytes of one tensor.
 * @throws Failure `safetensors-missing`, `safetensors-truncated` when the file changed since its header was read
 */
export async function readBytes(entry: TensorEntry): Promise<Uint8Array> {
  return withFile(entry.file, (handle) => readExactly(handle, entry.file, entry.offset, entry.byteLength));
}

/** Hands the stored bytes of one tensor on, a few megabytes at a time. @throws as `readBytes` */
export async function copyBytes(entry: TensorEntry, write: WriteBytes): Promise<void> {
  const pieceBytes = 4 * pieceElements;
  await withFile(entry.file, async (handle) => {
    for (let done = 0; done < entry.byteLength; done += pieceBytes) {
      const length = Math.min(pieceBytes, entry.byteLength - done);
      await write(await readExactly(handle, entry.file, entry.offset + done, length));
    }
  });
}

/** A tensor to be written, row-major; stored as `dtype`, F32 unless said otherwise. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly dtype?: 'F32' | 'F16' | 'BF16';
}

/** A tensor whose bytes are made while they are written: `write` must hand on exactly those of its shape and dtype. */
export interface StreamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: StoredDtype;
  readonly write: (write: WriteBytes) => Promise<void>;
}

/**
 * Writes a safetensors file atomically. The bytes depend on the arguments alone, not on the order of `tensors`: wider
 * dtypes come first (so that every tensor is aligned), then by name, as the reference library does.
 * `metadata` is what PEFT and Transformers write and ask for, unless given.
 * @throws Failure as `writeFileAtomically`
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const streamed = tensors.map(({ name, shape, data, dtype = 'F32' }): StreamedTensor => {
    if (elementsOf(shape) !== data.length) {
      throw new Error(`tensor "${name}" has ${data.length} elements, its shape is [${shape.join(', ')}]`);
    }
    return { name, shape, dtype, write: (write) => writeFloats(data, dtype, write) };
  });
  await streamSafetensors(file, streamed, metadata);
}

/** `writeSafetensors` for tensors that need never be in memory together. @throws as `writeSafetensors` */
export async function streamSafetensors(
  file: string,
  tensors: readonly StreamedTensor[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  const ordered = [...tensors].sort(
    (a, b) => storedDtypeBytes[b.dtype] - storedDtypeBytes[a.dtype] || compareText(a.name, b.name),
  );
  const header = Buffer.from(headerText(ordered, metadata), 'utf8');
  const length = Buffer.alloc(lengthBytes);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFileAtomically(file, async (write) => {
    await write(length);
    await write(header);
    for (const tensor of ordered) await writeCounted(tensor, write);
  });
}

/** Bytes that a tensor of this shape takes. */
export function storedBytes({ shape, dtype }: Pick<StreamedTensor, 'shape' | 'dtype'>): number {
  return elementsOf(shape) * storedDtypeBytes[dtype];
}

/** Hands singles on as they are stored: rounded to nearest, ties to even, where `dtype` is narrower. */
export async function writeFloats(data: Float32Array, dtype: 'F32' | 'F16' | 'BF16', write: WriteBytes): Promise<void> {
  if (dtype === 'F32') {
    await write(bytesOf(data));
    return;
  }
  const narrow = dtype === 'F16' ? float32ToFloat16 : float32ToBfloat16;
  for (let done = 0; done < data.length; done += pieceElements) {
    await write(bytesOf(narrow(data.subarray(done, done + pieceElements))));
  }
}

// ---- Reading

type Widen = (stored: ArrayBuffer, target: Float32Array) => void;

const pieceElements = 1 << 20;

/** How a stored element becomes a single; F32 needs nothing. */
const widening: Partial<Record<StoredDtype, Widen>> = {
  F64: (stored, target) => target.set(new Float64Array(stored, 0, target.length)),
  F16: (stored, target) => float16ToFloat32(new Uint16Array(stored, 0, target.length), target),
  BF16: (stored, target) => bfloat16ToFloat32(new Uint16Array(stored, 0, target.length), target),
};

async function withFile<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle;
  try {
    if ((await stat(file)).isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    handle = await open(file, 'r');
  } catch (error) {
    const code = systemErrorCode(error);
    throw code === 'ENOENT' || code === 'ENOTDIR' ? safetensorsMissing(file) : fileUnreadable(file, error);
  }
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function readExactly(handle: FileHandle, file: string, offset: number, byteLength: number): Promise<Buffer> {
  const bytes = Buffer.alloc(byteLength);
  await readInto(handle, file, offset, bytes);
  return bytes;
}

async function readInto(handle: FileHandle, file: string, offset: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 1 << 30), offset + done);
    if (bytesRead === 0) throw safetensorsTruncated(file, `nothing follows byte ${offset + done}`);
    done += bytesRead;
  }
}

function parseHeader(file: string, text: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw safetensorsHeaderBroken(file, 'it is not JSON');
  }
  if (!isJsonObject(header)) throw safetensorsHeaderBroken(file, 'it is not a JSON object');
  return header;
}

function parseMetadata(file: string, metadata: unknown): Record<string, string> {
  if (metadata === undefined || metadata === null) return {};
  if (!isJsonObject(metadata)) throw safetensorsHeaderBroken(file, '"__metadata__" is not an object');
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw safetensorsHeaderBroken(file, `"__metadata__.${key}" is not a text`);
  }
  return metadata as Record<string, string>;
}

function parseEntry(file: string, name: string, entry: unknown, dataStart: number): TensorEntry {
  if (!isJsonObject(entry)) throw safetensorsEntryBroken(file, name, 'it is not an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string') throw safetensorsEntryBroken(file, name, '"dtype" is missing');
  if (!isStoredDtype(dtype)) throw safetensorsDtypeUnknown(file, name, dtype);
  if (!isCounts(shape)) throw safetensorsEntryBroken(file, name, '"shape" is not a list of whole numbers');
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw safetensorsEntryBroken(file, name, '"data_offsets" are not two whole numbers');
  }
  const [begin, end] = [offsets[0]!, offsets[1]!];
  if (end < begin) throw safetensorsEntryBroken(file, name, `it ends (${end}) before it begins (${begin})`);
  const needed = shape.reduce((product, size) => product * size, storedDtypeBytes[dtype]);
  if (needed !== end - begin) throw safetensorsLengthMismatch(file, name, needed, end - begin);
  return { name, dtype, shape, file, offset: dataStart + begin, byteLength: needed };
}

function isStoredDtype(dtype: string): dtype is StoredDtype {
  return Object.hasOwn(storedDtypeBytes, dtype);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** Overlaps and holes can smuggle data past whoever inspects a file, so the tensors must tile its data exactly. */
function checkCoverage(file: string, tensors: readonly TensorEntry[], dataStart: number, fileBytes: number): void {
  const ordered = [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  // Before holes: where one tensor lies upon another, the place that it left is a hole as well.
  ordered.slice(1).forEach((tensor, i) => {
    const before = ordered[i]!;
    if (tensor.offset < before.offset + before.byteLength) throw safetensorsOverlap(file, tensor.name, before.name);
  });
  let covered = dataStart;
  for (const tensor of ordered) {
    if (tensor.offset > covered) throw safetensorsHole(file, tensor.offset - covered, `before "${tensor.name}"`);
    covered += tensor.byteLength;
    if (covered > fileBytes) {
      throw safetensorsTruncated(file, `"${tensor.name}" needs ${covered} bytes, the file has ${fileBytes}`);
    }
  }
  if (covered < fileBytes) throw safetensorsHole(file, fileBytes - covered, 'at the end');
}

// ---- Writing

function headerText(tensors: readonly StreamedTensor[], metadata: Readonly<Record<string, string>>): string {
  const sortedMetadata = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => compareText(a, b)));
  const entries: [string, unknown][] = [['__metadata__', sortedMetadata]];
  const names = new Set(['__metadata__']);
  let offset = 0;
  for (const tensor of tensors) {
    const { name, shape, dtype } = tensor;
    if (names.has(name)) throw new Error(`two tensors are named "${name}"`);
    names.add(name);
    const end = offset + storedBytes(tensor);
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  // Not an object literal: JavaScript would move names that look like numbers to the front.
  const text = `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`;
  return text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
}

/** What comes after a tensor of another length than the header says would be read as something else. */
async function writeCounted(tensor: StreamedTensor, write: WriteBytes): Promise<void> {
  let written = 0;
  await tensor.write(async (chunk) => {
    written += chunk.length;
    await write(chunk);
  });
  if (written !== storedBytes(tensor)) {
    throw new Error(`tensor "${tensor.name}" was given ${written} bytes instead of ${storedBytes(tensor)}`);
  }
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function bytesOf(view: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** By code unit: the same on every machine, unlike a locale's order. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
