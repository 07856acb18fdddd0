import type { LoraTarget } from './types';

/**
 * s·B·A in the layout of the base weight, which it is to be added to: [out, in] of a linear module, [in, out] of a
 * Conv1D, [rows, features] of an embedding. A is [r, in], B is [out, r].
 */
export function mergedDelta(target: LoraTarget, A: Float32Array, B: Float32Array): Float32Array {
  const { r, inFeatures, outFeatures, scaling } = target;
  const delta = new Float32Array(inFeatures * outFeatures);
  const isTransposed = target.fanInFanOut || target.kind === 'embedding';
  const row = new Float64Array(inFeatures);
  for (let out = 0; out < outFeatures; out++) {
    row.fill(0);
    for (let k = 0; k < r; k++) {
      const factor = scaling * B[out * r + k]!;
      for (let i = 0; i < inFeatures; i++) row[i]! += factor * A[k * inFeatures + i]!;
    }
    if (!isTransposed) delta.set(row, out * inFeatures);
    else for (let i = 0; i < inFeatures; i++) delta[i * outFeatures + out] = row[i]!;
  }
  return delta;
}
