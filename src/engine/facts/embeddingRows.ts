import { open } from 'node:fs/promises';
import { bfloat16ToFloat32, float16ToFloat32 } from '../formats/halfPrecision';
import { readGgufWeightRows } from '../formats/gguf/weights';
import { isGgufWeight } from '../formats/weightEntry';
import type { WeightEntry } from '../formats/weightEntry';

/** Lengths of single rows of a matrix [rows, features], read one by one: the matrix may have gigabytes. */
export async function rowNorms(entry: WeightEntry, rows: readonly number[]): Promise<number[]> {
  if (isGgufWeight(entry)) return readGgufWeightRows(entry, rows).map(norm);
  const features = entry.shape[1] ?? 1;
  const size = entry.dtype === 'F32' ? 4 : 2;
  const handle = await open(entry.file);
  try {
    const norms: number[] = [];
    for (const row of rows) {
      const bytes = new ArrayBuffer(features * size);
      await handle.read(new Uint8Array(bytes), 0, features * size, entry.offset + row * features * size);
      norms.push(norm(widened(entry.dtype, bytes)));
    }
    return norms;
  } finally {
    await handle.close();
  }
}

function widened(dtype: string, bytes: ArrayBuffer): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes);
  return (dtype === 'F16' ? float16ToFloat32 : bfloat16ToFloat32)(new Uint16Array(bytes));
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
