import type { RandomStream } from '../../../random/randomStream';
import { leadingEigenvectors } from './leadingEigenvectors';
import { Matrix } from './matrix';
import { orthonormalColumns } from './orthonormalColumns';
import { addScaled, norm, scaled } from './vectors';

/** One term value · left · rightᵀ of a singular value decomposition. */
export interface SingularTriple {
  readonly value: number;
  /** Of length `rows`. */
  readonly left: Float64Array;
  /** Of length `columns`. */
  readonly right: Float64Array;
}

/**
 * The `count` largest singular values with their vectors. The squares of singular values are the eigenvalues of
 * M Mᵀ, whose rounding errors do not matter for the largest ones in double precision.
 */
export function leadingSingularVectors(matrix: Matrix, count: number, random: RandomStream): SingularTriple[] {
  if (matrix.rows > matrix.columns) {
    return leadingSingularVectors(matrix.transposed(), count, random).map(swapped);
  }
  const operator = {
    size: matrix.rows,
    trace: matrix.sumOfSquares(),
    apply: (x: Float64Array) => matrix.multiply(matrix.multiplyTransposed(x)),
  };
  return leadingEigenvectors(operator, count, random).map((left) => {
    const image = matrix.multiplyTransposed(left);
    const value = norm(image);
    return { value, left, right: value === 0 ? image : scaled(image, 1 / value) };
  });
}

/**
 * The same approximately, by `iterations` rounds of randomized subspace iteration (Halko, Martinsson and Tropp,
 * "Finding structure with randomness", 2011, algorithms 4.4 and 5.1), without further columns as in PyTorch's
 * `svd_lowrank`.
 */
export function approximateSingularVectors(
  matrix: Matrix,
  count: number,
  iterations: number,
  random: RandomStream,
): SingularTriple[] {
  const start = Array.from({ length: count }, () =>
    Float64Array.from({ length: matrix.columns }, () => random.normal()),
  );
  let basis = orthonormalColumns(start.map((x) => matrix.multiply(x)));
  for (let i = 0; i < iterations; i++) {
    const back = orthonormalColumns(basis.map((x) => matrix.multiplyTransposed(x)));
    basis = orthonormalColumns(back.map((x) => matrix.multiply(x)));
  }
  const small = Matrix.fromRows(basis.map((x) => matrix.multiplyTransposed(x)));
  return leadingSingularVectors(small, count, random).map(({ value, left, right }) => {
    const lifted = new Float64Array(matrix.rows);
    basis.forEach((direction, k) => addScaled(lifted, left[k]!, direction));
    return { value, left: lifted, right };
  });
}

function swapped({ value, left, right }: SingularTriple): SingularTriple {
  return { value, left: right, right: left };
}
