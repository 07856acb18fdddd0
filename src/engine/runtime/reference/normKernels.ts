import { rowsOf, sum, zeros } from './array';
import type { DenseArray } from './array';
import type { Kernels } from './kernel';

type NormOp =
  | 'softmax'
  | 'rmsNorm'
  | 'rmsNormGrad'
  | 'rmsNormWeightGrad'
  | 'layerNorm'
  | 'layerNormGrad'
  | 'layerNormWeightGrad'
  | 'crossEntropy'
  | 'countCorrect';

/** Ops that look at one row (the last axis) at a time. */
export const normKernels: Kernels<NormOp> = {
  softmax: ([x]) => [mapRows(softmax, x!)],

  rmsNorm: ([x, weight], { epsilon }) => [
    mapRows((row) => {
      const inverse = inverseRms(row, epsilon);
      return row.map((value, i) => value * inverse * weight!.data[i]!);
    }, x!),
  ],

  // y_i = w_i·x_i·r with r = (mean(x²) + ε)^(-½), so ∂r/∂x_j = −r³·x_j/d and
  // dx_j = r·w_j·dy_j − r³·x_j/d · Σ_i w_i·dy_i·x_i
  rmsNormGrad: ([x, weight, dy], { epsilon }) => [
    mapRows(
      (row, slopes) => {
        const inverse = inverseRms(row, epsilon);
        const shared = sum(row.map((value, i) => weight!.data[i]! * slopes[i]! * value)) / row.length;
        return row.map((value, j) => inverse * weight!.data[j]! * slopes[j]! - inverse ** 3 * value * shared);
      },
      x!,
      dy,
    ),
  ],

  rmsNormWeightGrad: ([x, dy], { epsilon }) => [
    sumRows(
      (row, slopes) => {
        const inverse = inverseRms(row, epsilon);
        return row.map((value, i) => value * inverse * slopes[i]!);
      },
      x!,
      dy!,
    ),
  ],

  layerNorm: ([x, weight, bias], { epsilon }) => [
    mapRows((row) => normalize(row, epsilon).map((value, i) => value * weight!.data[i]! + bias!.data[i]!), x!),
  ],

  // With x̂ = (x − mean)·r and g = w∘dy: dx = r·(g − mean(g) − x̂·mean(g∘x̂)); Ba, Kiros and Hinton, 2016.
  layerNormGrad: ([x, weight, dy], { epsilon }) => [
    mapRows(
      (row, slopes) => {
        const normalized = normalize(row, epsilon);
        const g = slopes.map((slope, i) => slope * weight!.data[i]!);
        const shared = mean(g.map((value, i) => value * normalized[i]!));
        const inverse = inverseDeviation(row, epsilon);
        return g.map((value, i) => inverse * (value - mean(g) - normalized[i]! * shared));
      },
      x!,
      dy,
    ),
  ],

  layerNormWeightGrad: ([x, dy], { epsilon }) => [
    sumRows((row, slopes) => normalize(row, epsilon).map((value, i) => value * slopes[i]!), x!, dy!),
  ],

  crossEntropy: ([logits, labels]) => {
    const losses = rowsOf(logits!).map((row, i) => logSumExp(row) - labelled(row, labels!.data[i]!));
    return [{ shape: [], data: Float64Array.of(sum(losses)) }];
  },

  countCorrect: ([logits, labels]) => {
    const correct = rowsOf(logits!).filter((row, i) => labelled(row, labels!.data[i]!) === Math.max(...row));
    return [{ shape: [], data: Float64Array.of(correct.length) }];
  },
};

type RowFunction = (row: Float64Array, other: Float64Array) => Float64Array;

/** Replaces each row of `x` by what `f` makes of it and of the same row of `other`. */
function mapRows(f: RowFunction, x: DenseArray, other = x): DenseArray {
  const result = zeros(x.shape);
  const others = rowsOf(other);
  const targets = rowsOf(result);
  rowsOf(x).forEach((row, i) => targets[i]!.set(f(row, others[i]!)));
  return result;
}

/** The sum over all rows of what `f` makes of a row of `x` and the same row of `dy`: [..., d] → [d] */
function sumRows(f: RowFunction, x: DenseArray, dy: DenseArray): DenseArray {
  const result = zeros(x.shape.slice(-1));
  const others = rowsOf(dy);
  rowsOf(x).forEach((row, i) => f(row, others[i]!).forEach((value, j) => (result.data[j]! += value)));
  return result;
}

function mean(row: Float64Array): number {
  return sum(row) / row.length;
}

function inverseRms(row: Float64Array, epsilon: number): number {
  return 1 / Math.sqrt(mean(row.map((value) => value * value)) + epsilon);
}

function inverseDeviation(row: Float64Array, epsilon: number): number {
  const centre = mean(row);
  return inverseRms(
    row.map((value) => value - centre),
    epsilon,
  );
}

function normalize(row: Float64Array, epsilon: number): Float64Array {
  const centre = mean(row);
  const inverse = inverseDeviation(row, epsilon);
  return row.map((value) => (value - centre) * inverse);
}

/** Shifted by the largest entry, so that nothing overflows. */
export function softmax(row: Float64Array): Float64Array {
  const largest = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - largest));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

function logSumExp(row: Float64Array): number {
  const largest = Math.max(...row);
  return largest + Math.log(sum(row.map((value) => Math.exp(value - largest))));
}

function labelled(row: Float64Array, label: number): number {
  const value = row[label];
  if (value === undefined) throw new Error(`There is no label ${label} among ${row.length}`);
  return value;
}
