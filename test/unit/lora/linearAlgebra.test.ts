import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leadingSingularVectors } from '../../../src/engine/lora/linearAlgebra/leadingSingularVectors';
import { Matrix } from '../../../src/engine/lora/linearAlgebra/matrix';
import { orthonormalColumns } from '../../../src/engine/lora/linearAlgebra/orthonormalColumns';
import { tridiagonalEigen } from '../../../src/engine/lora/linearAlgebra/tridiagonalEigen';
import { dot } from '../../../src/engine/lora/linearAlgebra/vectors';
import { randomStream } from '../../../src/random/randomStream';
import { assertClose } from './close';
import { waves } from './waves';

const random = randomStream(1);
const normals = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());

function assertOrthonormal(vectors: readonly Float64Array[], tolerance = 1e-12): void {
  vectors.forEach((a, i) => {
    vectors.forEach((b, j) => assert.ok(Math.abs(dot(a, b) - Number(i === j)) < tolerance, `${i}, ${j}: ${dot(a, b)}`));
  });
}

/** U diag(values) Vᵀ with random orthonormal U and V. */
function withSingularValues(values: readonly number[], rows: number, columns: number): Matrix {
  const left = orthonormalColumns(values.map(() => normals(rows)));
  const right = orthonormalColumns(values.map(() => normals(columns)));
  const entry = (i: number, j: number): number =>
    values.reduce((sum, value, k) => sum + value * left[k]![i]! * right[k]![j]!, 0);
  const data = Float32Array.from({ length: rows * columns }, (_, at) => entry(Math.floor(at / columns), at % columns));
  return new Matrix(rows, columns, data);
}

describe('Matrix', () => {
  const matrix = new Matrix(2, 3, Float32Array.of(1, 2, 3, 4, 5, 6));

  test('multiplies by itself and by its transpose', () => {
    assert.deepEqual([...matrix.multiply(Float64Array.of(1, 0, 2))], [7, 16]);
    assert.deepEqual([...matrix.multiplyTransposed(Float64Array.of(1, -1))], [-3, -3, -3]);
    assert.deepEqual([...matrix.transposed().multiply(Float64Array.of(1, -1))], [-3, -3, -3]);
    assert.deepEqual([...matrix.transposed().multiplyTransposed(Float64Array.of(1, 0, 2))], [7, 16]);
  });

  test('gives its columns', () => {
    assert.deepEqual([...matrix.column(1)], [2, 5]);
    assert.deepEqual([...matrix.transposed().column(1)], [4, 5, 6]);
  });
});

describe('orthonormalColumns', () => {
  test('spans what the columns span, in order, with the signs of LAPACK', () => {
    const columns = [normals(9), normals(9), normals(9)];
    const q = orthonormalColumns(columns);
    assertOrthonormal(q);
    columns.forEach((column, j) => {
      // R is upper triangular, so each column lies in the span of the first ones.
      const rebuilt = new Float64Array(9);
      q.slice(0, j + 1).forEach((direction) => {
        direction.forEach((x, i) => (rebuilt[i]! += dot(direction, column) * x));
      });
      assertClose(rebuilt, column, 1e-12);
    });
    assert.equal(Math.sign(dot(q[0]!, columns[0]!)), -Math.sign(columns[0]![0]!));
  });

  test('stays orthonormal where columns depend on each other or are zero', () => {
    const column = normals(5);
    assertOrthonormal(orthonormalColumns([column, column.slice(), new Float64Array(5)]));
  });

  test('a square matrix keeps its last direction', () => {
    assertOrthonormal(orthonormalColumns([normals(3), normals(3), normals(3)]));
  });
});

describe('tridiagonalEigen', () => {
  test('finds the eigenvalues 2 − 2 cos(kπ/(n + 1)) of the second difference', () => {
    const size = 30;
    const values = tridiagonalEigen(
      Array.from({ length: size }, () => 2),
      Array.from({ length: size - 1 }, () => -1),
      Array.from({ length: size }, () => new Float64Array(0)),
    );
    const expected = Array.from({ length: size }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)));
    assertClose(values.sort(), expected, 1e-13);
  });

  test('leaves a diagonal matrix alone', () => {
    assert.deepEqual(
      [
        ...tridiagonalEigen(
          [3, 0, 3],
          [0, 0],
          [0, 1, 2].map(() => new Float64Array(0)),
        ),
      ],
      [3, 0, 3],
    );
  });

  test('gives up on what is not finite', () => {
    assert.throws(
      () =>
        tridiagonalEigen(
          [1, NaN, 1],
          [1, 1],
          [0, 1, 2].map(() => new Float64Array(0)),
        ),
      /NaN/,
    );
  });
});

describe('leadingSingularVectors', () => {
  const cases: readonly { title: string; values: readonly number[]; count: number; rows: number; columns: number }[] = [
    { title: 'a wide matrix', values: [9, 4, 3, 2, 1], count: 3, rows: 20, columns: 50 },
    { title: 'a tall matrix', values: [9, 4, 3, 2, 1], count: 3, rows: 50, columns: 20 },
    { title: 'all values of a small matrix', values: [3, 2, 1], count: 3, rows: 3, columns: 3 },
    { title: 'a single value', values: [7, 6.9], count: 1, rows: 30, columns: 30 },
    { title: 'equal values', values: [5, 5, 5, 1, 1], count: 2, rows: 12, columns: 12 },
    { title: 'more values than the rank', values: [2, 1], count: 4, rows: 16, columns: 12 },
    {
      title: 'a flat spectrum',
      values: Array.from({ length: 60 }, (_, k) => 2 - k / 100),
      count: 5,
      rows: 60,
      columns: 80,
    },
  ];
  for (const { title, values, count, rows, columns } of cases) {
    test(title, () => {
      const matrix = withSingularValues(values, rows, columns);
      const found = leadingSingularVectors(matrix, count, randomStream(2));
      const expected = Array.from({ length: count }, (_, k) => values[k] ?? 0);
      assertClose(
        found.map(({ value }) => value),
        expected,
        1e-6,
      );
      assertOrthonormal(found.map(({ left }) => left).slice(0, values.length), 1e-6);
      for (const { value, left, right } of found) {
        assertClose(
          matrix.multiply(right).map((x) => x + 1),
          left.map((x) => value * x + 1),
          1e-6,
        );
      }
    });
  }

  test('equal values after a closed space are found too', () => {
    const diagonal = new Matrix(4, 4, Float32Array.of(5, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1));
    const found = leadingSingularVectors(diagonal, 2, randomStream(3));
    assertClose(
      found.map(({ value }) => value),
      [5, 5],
      1e-12,
    );
  });

  test('of nothing there is nothing', () => {
    const found = leadingSingularVectors(new Matrix(6, 4, new Float32Array(24)), 2, randomStream(4));
    assert.deepEqual(
      found.map(({ value }) => value),
      [0, 0],
    );
    assert.ok(found.every(({ left, right }) => [...left, ...right].every(Number.isFinite)));
  });

  test('takes the best part: what is left has the other singular values', () => {
    const [rows, columns, count] = [40, 60, 6];
    const matrix = new Matrix(rows, columns, waves(rows, columns));
    const all = leadingSingularVectors(matrix, rows, randomStream(5)).map(({ value }) => value);
    const first = leadingSingularVectors(matrix, count, randomStream(6)).map(({ value }) => value);
    assertClose(first, all.slice(0, count), 1e-9);
    assert.ok(all.every((value, k) => k === 0 || value <= all[k - 1]!));
    const energy = all.reduce((sum, value) => sum + value * value, 0);
    assertClose([energy], [matrix.sumOfSquares()], 1e-9);
  });
});
