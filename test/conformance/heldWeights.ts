import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { blockForm, blockFormats, encodeBlocks, packCodes } from '../../src/engine/formats/blocks';
import type { BlockForm } from '../../src/engine/formats/blocks';
import { float32ToBfloat16, float32ToFloat16 } from '../../src/engine/formats/halfPrecision';
import { GraphBuilder } from '../../src/engine/graph/builder';
import type { Graph } from '../../src/engine/graph/types';
import { f32 } from '../../src/engine/runtime/runtime';
import type { Tensors, WeightData } from '../../src/engine/runtime/runtime';
import { RandomNumbers } from './randomNumbers';

// Rows of 48 numbers: blocks of 64 do not end with them.
export const [rows, columns] = [64, 48];
export const random = new RandomNumbers('packed weights');
const matrix = Float32Array.from({ length: rows * columns }, () => random.normal());
matrix.fill(0, 128, 192);
const folder = mkdtempSync(path.join(tmpdir(), 'lora-packed-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, ...parts: readonly (Uint8Array | Uint16Array | Float32Array)[]): string {
  const target = path.join(folder, name);
  writeFileSync(
    target,
    Buffer.concat(parts.map((part) => Buffer.from(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength))),
  );
  return target;
}

function half(dtype: 'f16' | 'bf16'): WeightData {
  const values = dtype === 'f16' ? float32ToFloat16(matrix) : float32ToBfloat16(matrix);
  return { kind: 'file', file: file(dtype, values), offset: 0, byteLength: values.byteLength, dtype };
}

/** One matrix in every way that a weight may be held. */
export const held: readonly (readonly [string, WeightData])[] = [
  ['in memory', { kind: 'memory', data: matrix }],
  ['f16', half('f16')],
  ['bf16', half('bf16')],
  ...blockFormats.map((format) => {
    const { codes, scales } = encodeBlocks(format, matrix);
    const at = { file: file(format, codes, scales), codes: 0, scales: codes.length };
    return [format, { kind: 'blocks', form: blockForm(format), count: matrix.length, ...at }] as const;
  }),
  // As the types of GGUF files are held.
  ...(['int8', 'int4', 'uint4'] as const).flatMap((format) =>
    ([16, 32] as const).map((size) => {
      const form = { format, size, hasOffsets: format !== 'int4' };
      return [`${format} in ${size}s`, randomBlocks(form)] as const;
    }),
  ),
];

function randomBlocks(form: BlockForm & { readonly format: 'int8' | 'int4' | 'uint4' }): WeightData {
  const least = { int8: -128, int4: -8, uint4: 0 }[form.format];
  const most = { int8: 127, int4: 7, uint4: 15 }[form.format];
  const codes = Int8Array.from(
    { length: matrix.length },
    () => least + Math.floor(random.uniform() * (most - least + 1)),
  );
  const packed = packCodes(form.format, codes);
  const floats = Float32Array.from({ length: matrix.length / form.size }, () => 0.1 * random.normal());
  const name = `${form.format}-${form.size}`;
  const at = { codes: 0, scales: packed.length };
  if (!form.hasOffsets) return { kind: 'blocks', form, count: matrix.length, file: file(name, packed, floats), ...at };
  const offsets = floats.map((value) => value - 0.03);
  const end = packed.length + floats.byteLength;
  return { kind: 'blocks', form, count: matrix.length, file: file(name, packed, floats, offsets), ...at, offsets: end };
}

/** x·Wᵀ as a forward pass has it, dy·W as a backward pass, and the first with something added. */
export function products(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', 'f32', ['N', columns]);
  const dy = b.input('dy', 'f32', ['N', rows]);
  const more = b.input('more', 'f32', ['N', rows]);
  return b.within({ block: 0 }, () => {
    const w = b.weight('w', [rows, columns]);
    const forward = b.matmul(x, w, { transposeB: true });
    const added = b.add(b.matmul(b.scale(x, 2), w, { transposeB: true }), more);
    return b.finish({ forward, added, backward: b.matmul(dy, w) });
  });
}

/** Some rows for {@link products}. */
export function productInputs(count: number): Tensors {
  return Object.fromEntries(
    Object.entries({ x: columns, dy: rows, more: rows }).map(([key, size]) => {
      const data = Float32Array.from({ length: count * size }, () => random.normal());
      return [key, f32(data, [count, size])];
    }),
  );
}
