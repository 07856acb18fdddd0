import type { RandomStream } from '../../random/randomStream';
import { leadingSingularVectors } from './linearAlgebra/leadingSingularVectors';
import { Matrix } from './linearAlgebra/matrix';
import { orthonormalColumns } from './linearAlgebra/orthonormalColumns';
import { addScaled, dot } from './linearAlgebra/vectors';

/** What one adapter does to a layer, `factor` · B·A: its weight times its own scaling. */
export interface WeightedUpdate {
  readonly factor: number;
  readonly r: number;
  /** [r, in] */
  readonly A: Float32Array;
  /** [out, r] */
  readonly B: Float32Array;
}

/** One update B·A, and how far it is from the sum of the others. */
export interface CombinedUpdate {
  /** [rank, in] */
  readonly A: Float32Array;
  /** [out, rank] */
  readonly B: Float32Array;
  /** Squared Frobenius norms: of the sum, and of its difference to B·A. */
  readonly sumSquares: number;
  readonly lostSquares: number;
}

/** Makes one update of rank `rank` of several ones of a layer with so many inputs and outputs. */
export type Combination = (
  updates: readonly WeightedUpdate[],
  size: { readonly inFeatures: number; readonly outFeatures: number; readonly rank: number },
  random: RandomStream,
) => CombinedUpdate;

/**
 * As PEFT's `add_weighted_adapter` computes them. Ranks that are not needed are filled with zeros.
 * `cat`: [f₁·A₁; f₂·A₂; …] and [B₁, B₂, …], which is exactly the sum.
 * `svd`: the closest update of that rank to the sum; A holds its right singular vectors, B the left ones times the values.
 * `linear`: Σ ±√|fᵢ|·Aᵢ and Σ √|fᵢ|·Bᵢ. Their product has Bᵢ·Aⱼ in it as well, so that it is not the sum.
 */
export const combinations: Readonly<Record<'cat' | 'svd' | 'linear', Combination>> = {
  cat(updates, { inFeatures, outFeatures, rank }) {
    const [A, B] = [new Float32Array(rank * inFeatures), new Float32Array(outFeatures * rank)];
    let done = 0;
    for (const { factor, r, A: a, B: b } of updates) {
      A.set(
        a.map((value) => factor * value),
        done * inFeatures,
      );
      for (let out = 0; out < outFeatures; out++) B.set(b.subarray(out * r, (out + 1) * r), out * rank + done);
      done += r;
    }
    return { A, B, sumSquares: squares(termsOf(updates, inFeatures, outFeatures)), lostSquares: 0 };
  },
  linear(updates, { inFeatures, outFeatures, rank }) {
    const [A, B] = [new Float32Array(rank * inFeatures), new Float32Array(outFeatures * rank)];
    for (const { factor, r, A: a, B: b } of updates) {
      const root = Math.sqrt(Math.abs(factor));
      const signed = factor < 0 ? -root : root;
      a.forEach((value, i) => (A[i]! += signed * value));
      b.forEach((value, i) => (B[Math.floor(i / r) * rank + (i % r)]! += root * value));
    }
    const sum = termsOf(updates, inFeatures, outFeatures);
    const result = termsOf([{ factor: -1, r: rank, A, B }], inFeatures, outFeatures);
    const lost = updates.length === 1 ? 0 : squares([...sum, ...result]);
    return { A, B, sumSquares: squares(sum), lostSquares: lost };
  },
  svd(updates, { inFeatures, outFeatures, rank }, random) {
    const terms = termsOf(updates, inFeatures, outFeatures);
    const [lefts, rights] = [basisOf(terms.map(({ left }) => left)), basisOf(terms.map(({ right }) => right))];
    // Between the two bases the sum is a small matrix, whose singular values are those of the sum.
    const core = lefts.map(() => new Float64Array(rights.length));
    for (const { left, right } of terms) {
      const across = Float64Array.from(rights, (y) => dot(y, right));
      lefts.forEach((x, k) => addScaled(core[k]!, dot(x, left), across));
    }
    const count = Math.min(rank, lefts.length, rights.length);
    const triples = leadingSingularVectors(Matrix.fromRows(core), count, random);
    const [A, B] = [new Float32Array(rank * inFeatures), new Float32Array(outFeatures * rank)];
    triples.forEach(({ value, left, right }, k) => {
      A.set(combined(rights, right, inFeatures), k * inFeatures);
      combined(lefts, left, outFeatures).forEach((x, out) => (B[out * rank + k] = value * x));
    });
    const sumSquares = core.reduce((sum, row) => sum + dot(row, row), 0);
    const kept = triples.reduce((sum, { value }) => sum + value ** 2, 0);
    const isWhole = count === Math.min(lefts.length, rights.length);
    return { A, B, sumSquares, lostSquares: isWhole ? 0 : Math.max(0, sumSquares - kept) };
  },
};

/** left · rightᵀ */
interface Term {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** A sum of updates as one of products of two vectors. */
function termsOf(updates: readonly WeightedUpdate[], inFeatures: number, outFeatures: number): Term[] {
  return updates.flatMap(({ factor, r, A, B }) =>
    Array.from({ length: r }, (_, k) => ({
      left: Float64Array.from({ length: outFeatures }, (__, out) => factor * B[out * r + k]!),
      right: Float64Array.from(A.subarray(k * inFeatures, (k + 1) * inFeatures)),
    })),
  );
}

/** The squared Frobenius norm of a sum of terms, which is never formed: Σᵢⱼ (leftᵢ·leftⱼ)(rightᵢ·rightⱼ). */
function squares(terms: readonly Term[]): number {
  let sum = 0;
  terms.forEach((one, i) => {
    for (const [j, other] of terms.slice(0, i + 1).entries()) {
      sum += (j === i ? 1 : 2) * dot(one.left, other.left) * dot(one.right, other.right);
    }
  });
  return Math.max(0, sum);
}

/** An orthonormal basis of a space that holds all these vectors: never more of them than they have numbers. */
function basisOf(vectors: readonly Float64Array[]): Float64Array[] {
  const length = vectors[0]?.length ?? 0;
  if (vectors.length < length) return orthonormalColumns(vectors);
  return Array.from({ length }, (_, k) => {
    const unit = new Float64Array(length);
    unit[k] = 1;
    return unit;
  });
}

function combined(basis: readonly Float64Array[], weights: Float64Array, length: number): Float64Array {
  const result = new Float64Array(length);
  basis.forEach((direction, k) => addScaled(result, weights[k]!, direction));
  return result;
}
