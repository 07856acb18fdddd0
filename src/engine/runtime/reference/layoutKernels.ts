import type { Reduction } from '../../graph/types';
import { at, atBroadcast, broadcastSizes, forEachPlace, generate, offsetOf, zeros } from './array';
import type { DenseArray } from './array';
import type { Kernels } from './kernel';

type LayoutOp =
  | 'matmul'
  | 'transpose'
  | 'reshape'
  | 'expand'
  | 'reduceSum'
  | 'reduceMax'
  | 'slice'
  | 'concat'
  | 'gather'
  | 'scatterAdd'
  | 'pick'
  | 'oneHot';

/** Products, layout, and rows by number. */
export const layoutKernels: Kernels<LayoutOp> = {
  matmul: ([a, b], { transposeA, transposeB, alpha }) => {
    const [left, right] = [transposeA ? swapLast(a!) : a!, transposeB ? swapLast(b!) : b!];
    const inner = left.shape.at(-1)!;
    const product = generate([...left.shape.slice(0, -1), right.shape.at(-1)!], (place) => {
      const [leading, row, column] = [place.slice(0, -2), place.at(-2)!, place.at(-1)!];
      let total = 0;
      for (let i = 0; i < inner; i++) total += at(left, ...leading, row, i) * at(right, ...leading, i, column);
      return alpha * total;
    });
    return [product];
  },

  transpose: ([x], { permutation }) => {
    const result = zeros(permutation.map((axis) => x!.shape[axis]!));
    forEachPlace(x!.shape, (place, offset) => {
      const target = permutation.map((axis) => place[axis]!);
      result.data[offsetOf(result.shape, target)] = x!.data[offset]!;
    });
    return [result];
  },

  reshape: ([x], { shape }, { bind }) => [{ shape: bind(shape), data: x!.data }],

  expand: ([x], { shape }, { bind }) => [
    generate(broadcastSizes(x!.shape, bind(shape)), (place) => atBroadcast(x!, place)),
  ],

  reduceSum: ([x], attributes) => [reduce(x!, attributes, 0, (a, b) => a + b)],
  reduceMax: ([x], attributes) => [reduce(x!, attributes, -Infinity, (a, b) => Math.max(a, b))],

  slice: ([x], { axis, start, end }) => [
    generate(x!.shape.with(axis, end - start), (place) => at(x!, ...place.with(axis, place[axis]! + start))),
  ],

  concat: (inputs, { axis }) => {
    const total = inputs.reduce((size, input) => size + input.shape[axis]!, 0);
    const result = zeros(inputs[0]!.shape.with(axis, total));
    let start = 0;
    for (const input of inputs) {
      forEachPlace(input.shape, (place, offset) => {
        result.data[offsetOf(result.shape, place.with(axis, place[axis]! + start))] = input.data[offset]!;
      });
      start += input.shape[axis]!;
    }
    return [result];
  },

  gather: ([table, indices]) => [
    generate([...indices!.shape, table!.shape[1]!], (place) => {
      const row = at(indices!, ...place.slice(0, -1));
      return at(table!, checkedRow(row, table!.shape[0]!), place.at(-1)!);
    }),
  ],

  scatterAdd: ([indices, updates], { rows }, { bind }) => {
    const [n, width] = updates!.shape as [number, number];
    const result = zeros([...bind([rows]), width]);
    for (let i = 0; i < n; i++) {
      const row = checkedRow(indices!.data[i]!, result.shape[0]!);
      for (let j = 0; j < width; j++) result.data[row * width + j]! += at(updates!, i, j);
    }
    return [result];
  },

  pick: ([x, indices]) => [
    generate(indices!.shape, ([row]) => at(x!, row!, checkedRow(indices!.data[row!]!, x!.shape[1]!))),
  ],

  oneHot: ([indices], { depth }) => [
    generate([...indices!.shape, depth], (place) => Number(at(indices!, ...place.slice(0, -1)) === place.at(-1))),
  ],
};

function swapLast(x: DenseArray): DenseArray {
  const [rows, columns] = [x.shape.at(-2)!, x.shape.at(-1)!];
  return generate([...x.shape.slice(0, -2), columns, rows], (place) =>
    at(x, ...place.slice(0, -2), place.at(-1)!, place.at(-2)!),
  );
}

function reduce(
  x: DenseArray,
  { axes, keepDims }: Reduction,
  start: number,
  combine: (a: number, b: number) => number,
): DenseArray {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const result = zeros(kept);
  result.data.fill(start);
  forEachPlace(x.shape, (place, offset) => {
    const target = offsetOf(
      kept,
      place.map((index, axis) => (axes.includes(axis) ? 0 : index)),
    );
    result.data[target] = combine(result.data[target]!, x.data[offset]!);
  });
  return keepDims ? result : { shape: x.shape.filter((_, axis) => !axes.includes(axis)), data: result.data };
}

function checkedRow(row: number, rows: number): number {
  if (!Number.isInteger(row) || row < 0 || row >= rows) throw new Error(`There is no row ${row} among ${rows}`);
  return row;
}
