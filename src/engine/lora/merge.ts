import { transposed } from './transposed';
import type { LoraTarget } from './types';

/**
 * Adds rows of s·B·A to `rows`, which holds whole rows of the base weight from its row `first` on. Rows and columns are
 * those of the base weight: [out, in] of a linear module, [in, out] of a Conv1D, [rows, features] of an embedding.
 */
export type AddDelta = (rows: Float64Array, first: number) => void;

/** What an adapter adds to its module's weight. A is [r, in], B is [out, r]. */
export function deltaAdder(target: LoraTarget, A: Float32Array, B: Float32Array): AddDelta {
  const { r, inFeatures, outFeatures, scaling } = target;
  const isTransposed = target.fanInFanOut || target.kind === 'embedding';
  const columns = isTransposed ? outFeatures : inFeatures;
  // Row i of the change is Σk left[i, k] · right[k]: `right` has whole rows of A, or of Bᵀ.
  const right = isTransposed ? transposed(B, outFeatures, r) : A;
  const left = (row: number, k: number): number => (isTransposed ? A[k * inFeatures + row]! : B[row * r + k]!);
  return (rows, first) => {
    for (let start = 0; start < rows.length; start += columns) {
      const row = first + start / columns;
      for (let k = 0; k < r; k++) {
        const factor = scaling * left(row, k);
        const from = k * columns;
        for (let i = 0; i < columns; i++) rows[start + i]! += factor * right[from + i]!;
      }
    }
  };
}

/** s·B·A in the layout of the base weight, which it is to be added to; see {@link AddDelta}. */
export function mergedDelta(target: LoraTarget, A: Float32Array, B: Float32Array): Float32Array {
  const { inFeatures, outFeatures } = target;
  const add = deltaAdder(target, A, B);
  const isTransposed = target.fanInFanOut || target.kind === 'embedding';
  const [count, columns] = isTransposed ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
  const delta = new Float32Array(inFeatures * outFeatures);
  const row = new Float64Array(columns);
  for (let i = 0; i < count; i++) {
    row.fill(0);
    add(row, i);
    delta.set(row, i * columns);
  }
  return delta;
}
