import { writeFileAtomically } from '../atomicFile';
import type { WriteChunk } from '../atomicFile';
import { ggufTypes } from './types';
import type { GgufType } from './types';

/** A value of the metadata, in the type that llama.cpp reads it in. */
export type GgufEntry =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly flag: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly i32s: readonly number[] }
  | { readonly f32s: readonly number[] };

export type GgufMetadata = ReadonlyMap<string, GgufEntry>;

/** A tensor that is written when its turn comes, so that no other is in memory then. */
export interface GgufTensorToWrite {
  readonly name: string;
  readonly type: GgufType;
  /** As PyTorch writes it: neighbours lie along the last axis. */
  readonly shape: readonly number[];
  /** Gives the stored bytes, piece by piece. */
  readonly write: (write: WriteChunk) => Promise<void>;
}

const alignment = 32;

/**
 * Writes a GGUF file (version 3, little-endian) atomically, tensors in the order given.
 * @throws Failure as `writeFileAtomically`
 */
export async function writeGguf(
  file: string,
  metadata: GgufMetadata,
  tensors: readonly GgufTensorToWrite[],
): Promise<void> {
  await writeFileAtomically(file, async (write) => {
    const header = headerOf(metadata, tensors);
    await write(header);
    await write(new Uint8Array(padding(header.length)));
    for (const tensor of tensors) {
      let written = 0;
      await tensor.write(async (chunk) => {
        written += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
        await write(chunk);
      });
      const expected = bytesOf(tensor);
      if (written !== expected) throw new Error(`${tensor.name} has ${written} bytes instead of ${expected}`);
      await write(new Uint8Array(padding(written)));
    }
  });
}

function padding(length: number): number {
  return (alignment - (length % alignment)) % alignment;
}

function bytesOf({ type, shape }: GgufTensorToWrite): number {
  const { block, bytes } = ggufTypes[type];
  return (shape.reduce((product, size) => product * size, 1) / block) * bytes;
}

function headerOf(metadata: GgufMetadata, tensors: readonly GgufTensorToWrite[]): Buffer {
  const parts: Buffer[] = [Buffer.from('GGUF', 'latin1'), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, entry] of metadata) parts.push(text(key), ...valueOf(entry));
  let offset = 0;
  for (const tensor of tensors) {
    const sizes = tensor.shape.toReversed();
    parts.push(text(tensor.name), u32(sizes.length), ...sizes.map(u64), u32(ggufTypes[tensor.type].id), u64(offset));
    const bytes = bytesOf(tensor);
    offset += bytes + padding(bytes);
  }
  return Buffer.concat(parts);
}

/** Number of a value's type, then the value. */
function valueOf(entry: GgufEntry): Buffer[] {
  if ('u32' in entry) return [u32(4), u32(entry.u32)];
  if ('f32' in entry) return [u32(6), f32s([entry.f32])];
  if ('flag' in entry) return [u32(7), Buffer.from([entry.flag ? 1 : 0])];
  if ('text' in entry) return [u32(8), text(entry.text)];
  if ('texts' in entry) return [u32(9), u32(8), u64(entry.texts.length), ...entry.texts.map(text)];
  if ('i32s' in entry) return [u32(9), u32(5), u64(entry.i32s.length), i32s(entry.i32s)];
  return [u32(9), u32(6), u64(entry.f32s.length), f32s(entry.f32s)];
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

const f32s = (values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const i32s = (values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);
