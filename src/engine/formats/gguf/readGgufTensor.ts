import { closeSync, openSync, readSync } from 'node:fs';
import { fileUnreadable } from '../failures';
import { bfloat16ToFloat32, float16ToFloat32 } from '../halfPrecision';
import { blockLayouts } from './blocks';
import { ggufBroken } from './failures';
import type { GgufTensor } from './readGguf';
import { ggufTypes } from './types';
import type { GgufBlockType, GgufType } from './types';

/** A quantized tensor, its numbers taken apart: value i is codes[i] · scales[g] + offsets[g] with g = ⌊i / group⌋. */
export interface SplitTensor {
  readonly group: number;
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  /** Undefined for types without. */
  readonly offsets: Float32Array | undefined;
}

/** Bytes of so many numbers of a type; they fill its blocks. */
export function ggufBytes(type: GgufType, count: number): number {
  const { block, bytes } = ggufTypes[type];
  return (count / block) * bytes;
}

/**
 * Stored bytes of `count` rows from `first` on.
 * @throws Failure `gguf-broken` where the file has become shorter, `file-unreadable`
 */
export function readGgufRows(
  file: string,
  { name, type, shape, offset }: Omit<GgufTensor, 'byteLength'>,
  first = 0,
  count = shape.length === 0 ? 1 : shape[0]!,
): Uint8Array<ArrayBuffer> {
  const rowBytes = ggufBytes(type, rowLength(shape));
  const bytes = new Uint8Array(count * rowBytes);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    for (let done = 0; done < bytes.length;) {
      const read = readSync(
        descriptor,
        bytes,
        done,
        Math.min(bytes.length - done, 1 << 30),
        offset + first * rowBytes + done,
      );
      if (read === 0) throw ggufBroken(file, `it ends within "${name}"`, name);
      done += read;
    }
    return bytes;
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? fileUnreadable(file, error) : error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Numbers of a row: all but the first axis. A vector has rows of one number. */
export function rowLength(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}

/** Stored bytes → numbers in single precision, bit for bit those of ggml's own `dequantize_row_*`. */
export function decodeGguf(type: GgufType, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  if (type === 'F32') return new Float32Array(aligned(bytes));
  if (type === 'F16') return float16ToFloat32(new Uint16Array(aligned(bytes)));
  if (type === 'BF16') return bfloat16ToFloat32(new Uint16Array(aligned(bytes)));
  const { group, codes, scales, offsets } = splitGguf(type, bytes);
  const values = new Float32Array(codes.length);
  for (let g = 0; g < scales.length; g++) {
    const [scale, offset] = [scales[g]!, offsets?.[g]];
    const end = (g + 1) * group;
    if (offset === undefined) for (let i = g * group; i < end; i++) values[i] = scale * codes[i]!;
    else for (let i = g * group; i < end; i++) values[i] = Math.fround(scale * codes[i]!) + offset;
  }
  return values;
}

/** Stored bytes of a quantized type, taken apart. */
export function splitGguf(type: GgufBlockType, bytes: Uint8Array): SplitTensor {
  const { block, bytes: blockBytes } = ggufTypes[type];
  const { group, hasOffsets, split } = blockLayouts[type];
  const blocks = bytes.length / blockBytes;
  const groups = block / group;
  const codes = new Int8Array(blocks * block);
  const scales = new Float32Array(blocks * groups);
  const offsets = new Float32Array(hasOffsets ? blocks * groups : 0);
  for (let i = 0; i < blocks; i++) {
    split(bytes.subarray(i * blockBytes, (i + 1) * blockBytes), {
      codes: codes.subarray(i * block, (i + 1) * block),
      scales: scales.subarray(i * groups, (i + 1) * groups),
      offsets: offsets.subarray(i * groups, (i + 1) * groups),
    });
  }
  return { group, codes, scales, offsets: hasOffsets ? offsets : undefined };
}

function aligned(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}
