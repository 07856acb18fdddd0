import type { RandomStream } from '../../random/randomStream';
import type { SingularTriple } from './linearAlgebra/leadingSingularVectors';
import { approximateSingularVectors, leadingSingularVectors } from './linearAlgebra/leadingSingularVectors';
import { Matrix } from './linearAlgebra/matrix';
import { orthonormalColumns } from './linearAlgebra/orthonormalColumns';
import type { LoraTarget } from './types';

/** A [r, in] and B [out, r] that are taken out of a base weight. */
export interface Factors {
  readonly A: Float32Array;
  readonly B: Float32Array;
}

/**
 * PiSSA (Meng, Wang and Zhang, "PiSSA: Principal singular values and singular vectors adaptation", 2024): with the r
 * largest singular values, s·B·A = U S Vᵀ and A, B share the roots of S / s. The sign of each singular vector is
 * arbitrary, so A and B are PyTorch's up to the signs, B·A is the same.
 * @param iterations of PEFT's `pissa_niter_<iterations>`, an approximation; undefined for the exact decomposition
 */
export function pissa(
  target: LoraTarget,
  weight: Float32Array,
  iterations: number | undefined,
  random: RandomStream,
): Factors {
  const matrix = matrixOf(target, weight);
  const triples =
    iterations === undefined
      ? leadingSingularVectors(matrix, target.r, random)
      : approximateSingularVectors(matrix, target.r, iterations, random);
  return factors(target, triples.map(shareRoots(target.scaling)));
}

/**
 * OLoRA (Büyükakyüz, "OLoRA: Orthonormal low-rank adaptation of large language models", 2024): B is the first r
 * columns of Q, A the first r rows of R, in W = Q R. They are not divided by s, as in PEFT. A Conv1D weight is
 * decomposed the way it is used, as [out, in].
 */
export function olora(target: LoraTarget, weight: Float32Array): Factors {
  const matrix = matrixOf(target, weight);
  const columns = Array.from({ length: target.r }, (_, j) => matrix.column(j));
  const terms = orthonormalColumns(columns).map((q, k) => {
    const row = matrix.multiplyTransposed(q);
    // Below the diagonal R is zero but for rounding.
    row.fill(0, 0, k);
    return { b: q, a: row };
  });
  return factors(target, terms);
}

interface Term {
  readonly b: Float64Array;
  readonly a: Float64Array;
}

function shareRoots(scaling: number): (triple: SingularTriple) => Term {
  return ({ value, left, right }) => {
    const root = Math.sqrt(value / scaling);
    return { b: left.map((x) => root * x), a: right.map((x) => root * x) };
  };
}

function factors({ r, inFeatures, outFeatures }: LoraTarget, terms: readonly Term[]): Factors {
  const A = new Float32Array(r * inFeatures);
  const B = new Float32Array(outFeatures * r);
  terms.forEach(({ a, b }, k) => {
    A.set(a, k * inFeatures);
    b.forEach((value, out) => (B[out * r + k] = value));
  });
  return { A, B };
}

/** The weight as [out, in]. */
function matrixOf(target: LoraTarget, weight: Float32Array): Matrix {
  return new Matrix(target.outFeatures, target.inFeatures, weight, target.fanInFanOut);
}
