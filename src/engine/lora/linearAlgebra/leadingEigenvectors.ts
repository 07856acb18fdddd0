import type { RandomStream } from '../../../random/randomStream';
import { tridiagonalEigen } from './tridiagonalEigen';
import { addScaled, dot, norm, scaled } from './vectors';

/** Residual of an eigenvector, relative to the largest eigenvalue, at which it counts as found. */
const tolerance = 1e-10;
/** Below this share of the trace a new direction is rounding noise. */
const noise = 1e-13;
const stepsBetweenChecks = 8;

/** A symmetric matrix without negative eigenvalues, known by its products with vectors. */
export interface SymmetricOperator {
  readonly size: number;
  /** Sum of the eigenvalues. */
  readonly trace: number;
  apply(x: Float64Array): Float64Array;
}

/**
 * The eigenvectors of the `count` largest eigenvalues, largest first, by Lanczos' method with full
 * reorthogonalization (Parlett, "The Symmetric Eigenvalue Problem", chapter 13). It needs far fewer products than
 * power iteration where the spectrum is flat, and ends with the exact decomposition after `size` steps at the latest.
 */
export function leadingEigenvectors(operator: SymmetricOperator, count: number, random: RandomStream): Float64Array[] {
  const { size, trace } = operator;
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let next = newDirection(size, basis, random);
  for (;;) {
    basis.push(next);
    const image = operator.apply(next);
    diagonal.push(dot(next, image));
    if (basis.length === size) break;
    orthogonalize(image, basis);
    const length = norm(image);
    if (length <= noise * trace) {
      // The basis is closed. Outside of it there may be equal eigenvalues, but not above what is left of the trace.
      if (basis.length >= count && isRestSmaller(diagonal, offDiagonal, count, trace)) break;
      offDiagonal.push(0);
      next = newDirection(size, basis, random);
      continue;
    }
    const isTime = basis.length > count && basis.length % stepsBetweenChecks === 0;
    if (isTime && largestResidual(diagonal, offDiagonal, length, count) <= tolerance) break;
    offDiagonal.push(length);
    next = scaled(image, 1 / length);
  }
  return ritzVectors(basis, diagonal, offDiagonal, count);
}

/** Takes away what lies in the basis; twice, as the first time leaves rounding errors. */
function orthogonalize(x: Float64Array, basis: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++) for (const direction of basis) addScaled(x, -dot(direction, x), direction);
}

function newDirection(size: number, basis: readonly Float64Array[], random: RandomStream): Float64Array {
  const direction = Float64Array.from({ length: size }, () => random.normal());
  orthogonalize(direction, basis);
  return scaled(direction, 1 / norm(direction));
}

/** The norm of (operator − eigenvalue) · eigenvector is |beta · last entry of the small eigenvector|. */
function largestResidual(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
  beta: number,
  count: number,
): number {
  const lastRow = diagonal.map((_, i) => Float64Array.of(i === diagonal.length - 1 ? 1 : 0));
  const values = tridiagonalEigen(diagonal, offDiagonal, lastRow);
  const largest = descending(values).slice(0, count);
  return Math.max(...largest.map((i) => Math.abs(beta * lastRow[i]![0]!))) / values[largest[0]!]!;
}

function isRestSmaller(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
  count: number,
  trace: number,
): boolean {
  const values = tridiagonalEigen(
    diagonal,
    offDiagonal,
    diagonal.map(() => new Float64Array(0)),
  );
  const rest = trace - values.reduce((sum, value) => sum + value, 0);
  return rest <= Math.max(values[descending(values)[count - 1]!]!, tolerance * trace);
}

function ritzVectors(
  basis: readonly Float64Array[],
  diagonal: readonly number[],
  offDiagonal: readonly number[],
  count: number,
): Float64Array[] {
  const small = diagonal.map((_, i) => {
    const unit = new Float64Array(diagonal.length);
    unit[i] = 1;
    return unit;
  });
  const values = tridiagonalEigen(diagonal, offDiagonal, small);
  return descending(values)
    .slice(0, count)
    .map((i) => {
      const vector = new Float64Array(basis[0]!.length);
      basis.forEach((direction, k) => addScaled(vector, small[i]![k]!, direction));
      return vector;
    });
}

/** Positions of the values, largest first. */
function descending(values: Float64Array): number[] {
  return [...values.keys()].sort((a, b) => values[b]! - values[a]!);
}
