import { asConstant, asWeight, below, bools, normal, values } from '../operand';
import type { CaseTable } from '../program';

const anyRows = [{ N: 5 }, { N: 0 }, { N: 1 }, { N: 37 }];
const runs = [
  { B: 2, T: 3 },
  { B: 1, T: 1 },
  { B: 3, T: 8 },
];
const plain = { transposeA: false, transposeB: false, alpha: 1 };
const [left, right, both] = [
  { ...plain, transposeA: true },
  { ...plain, transposeB: true },
  { ...plain, transposeA: true, transposeB: true },
];

const flags = [plain, left, right, both].flatMap((flag) => [flag, { ...flag, alpha: 0.25 }, { ...flag, alpha: -2 }]);

function describe({ transposeA, transposeB, alpha }: typeof plain): string {
  return `${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}${alpha === 1 ? '' : ` by ${alpha}`}`;
}

function swap<T>(shape: readonly T[], swapped: boolean): T[] {
  return swapped ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : [...shape];
}

/** One product for each way to transpose it. */
function products(name: string, a: readonly number[], b: readonly number[]) {
  return flags.map((attributes) => ({
    name: `${name}, ${describe(attributes)}`,
    attributes,
    operands: [normal(swap(a, attributes.transposeA)), normal(swap(b, attributes.transposeB))],
  }));
}

export const layoutCases: CaseTable<
  'matmul' | 'transpose' | 'reshape' | 'expand' | 'reduceSum' | 'reduceMax' | 'slice' | 'concat'
> = {
  matmul: [
    ...products('[3, 4]·[4, 5]', [3, 4], [4, 5]),
    ...products('[1, 1]·[1, 1]', [1, 1], [1, 1]),
    ...products('one row', [1, 16], [16, 9]),
    ...products('one column', [9, 16], [16, 1]),
    ...products('inner size 1', [4, 1], [1, 6]),
    ...products('64-wide', [33, 64], [64, 65]),
    ...products('a batch', [2, 3, 4], [2, 4, 5]),
    ...products('heads', [2, 3, 5, 4], [2, 3, 4, 5]),
    ...products('a batch of one row', [3, 1, 4], [3, 4, 2]),
    ...flags.map((attributes) => ({
      name: `any number of rows by a weight, ${describe(attributes)}`,
      attributes,
      operands: [normal(swap(['N', 8], attributes.transposeA)), asWeight(normal(swap([8, 6], attributes.transposeB)))],
      runs: anyRows,
    })),
    ...flags.map((attributes) => ({
      name: `a sum over any number of rows, ${describe(attributes)}`,
      attributes,
      operands: [normal(swap([8, 'N'], attributes.transposeA)), normal(swap(['N', 6], attributes.transposeB))],
      runs: anyRows,
    })),
    ...flags.map((attributes) => ({
      name: `a symbolic batch, ${describe(attributes)}`,
      attributes,
      operands: [
        normal(swap(['B', 2, 'T', 4], attributes.transposeA)),
        normal(swap(['B', 2, 4, 'T'], attributes.transposeB)),
      ],
      runs,
    })),
    { name: 'a constant by an input', attributes: plain, operands: [asConstant(normal([3, 4])), normal([4, 2])] },
    { name: 'alpha 0', attributes: { ...plain, alpha: 0 }, operands: [normal([3, 4]), normal([4, 2])] },
  ],
  transpose: [
    { name: 'a matrix', attributes: { permutation: [1, 0] }, operands: [normal([3, 4])] },
    { name: 'nothing', attributes: { permutation: [0, 1, 2] }, operands: [normal([2, 3, 4])] },
    { name: 'heads before time', attributes: { permutation: [0, 2, 1, 3] }, operands: [normal([2, 3, 4, 5])] },
    { name: 'a cycle of axes', attributes: { permutation: [2, 0, 1] }, operands: [normal([2, 3, 4])] },
    { name: 'axes of size 1', attributes: { permutation: [3, 1, 2, 0] }, operands: [normal([1, 3, 1, 2])] },
    { name: 'whole numbers', attributes: { permutation: [1, 0] }, operands: [below(9, [2, 3])] },
    { name: 'a weight', attributes: { permutation: [1, 0] }, operands: [asWeight(normal([3, 4]))] },
    { name: 'symbols', attributes: { permutation: [0, 2, 1, 3] }, operands: [normal(['B', 'T', 2, 3])], runs },
    { name: 'any number of rows', attributes: { permutation: [1, 0] }, operands: [normal(['N', 3])], runs: anyRows },
  ],
  reshape: [
    { name: 'joins axes', attributes: { shape: [6, 4] }, operands: [normal([2, 3, 4])] },
    { name: 'splits axes', attributes: { shape: [2, 3, 2, 2] }, operands: [normal([6, 4])] },
    { name: 'to a scalar', attributes: { shape: [] }, operands: [normal([1, 1])] },
    { name: 'from a scalar', attributes: { shape: [1, 1, 1] }, operands: [normal([])] },
    { name: 'whole numbers', attributes: { shape: [6] }, operands: [below(9, [2, 3])] },
    { name: 'truth values', attributes: { shape: [6] }, operands: [bools([2, 3])] },
    { name: 'joins symbols', attributes: { shape: ['B*T', 4] }, operands: [normal(['B', 'T', 4])], runs },
    { name: 'keeps symbols', attributes: { shape: ['B', 'T', 2, 2] }, operands: [normal(['B', 'T', 4])], runs },
    {
      name: 'a number times a symbol',
      attributes: { shape: ['B', '2*T', 4] },
      operands: [normal(['B', 2, 'T', 4])],
      runs,
    },
    {
      name: 'any number of rows to heads',
      attributes: { shape: ['N', 2, 3] },
      operands: [normal(['N', 6])],
      runs: anyRows,
    },
    {
      name: 'any number of rows joined',
      attributes: { shape: ['6*N'] },
      operands: [normal(['N', 2, 3])],
      runs: anyRows,
    },
    {
      name: 'any number of rows beside joined symbols',
      attributes: { shape: ['N', '2*M'] },
      operands: [normal(['N', 'M', 2])],
      runs: [
        { N: 2, M: 3 },
        { N: 0, M: 3 },
        { N: 3, M: 0 },
      ],
    },
    { name: 'nothing', attributes: { shape: [3, 0] }, operands: [normal([0, 3])] },
    {
      name: 'an axis moved past any number of rows',
      attributes: { shape: ['N', 3, 2] },
      operands: [normal([2, 'N', 3])],
      runs: anyRows,
    },
  ],
  expand: [
    { name: 'a scalar', attributes: { shape: [2, 3] }, operands: [normal([])] },
    { name: 'a row', attributes: { shape: [4, 3] }, operands: [normal([3])] },
    { name: 'an axis of size 1', attributes: { shape: [2, 5, 3] }, operands: [normal([2, 1, 3])] },
    { name: 'nothing', attributes: { shape: [2, 3] }, operands: [normal([2, 3])] },
    { name: 'whole numbers', attributes: { shape: [2, 3] }, operands: [below(9, [3])] },
    { name: 'a column over symbols', attributes: { shape: ['B', 'T', 3] }, operands: [normal(['B', 'T', 1])], runs },
  ],
  reduceSum: [
    { name: 'the last axis', attributes: { axes: [1], keepDims: false }, operands: [normal([3, 50])] },
    { name: 'the last axis, kept', attributes: { axes: [2], keepDims: true }, operands: [normal([2, 3, 5])] },
    { name: 'the first axis', attributes: { axes: [0], keepDims: false }, operands: [normal([50, 3])] },
    { name: 'the middle axis, kept', attributes: { axes: [1], keepDims: true }, operands: [normal([2, 3, 5])] },
    { name: 'two axes', attributes: { axes: [0, 2], keepDims: false }, operands: [normal([2, 3, 5])] },
    { name: 'all axes', attributes: { axes: [0, 1], keepDims: false }, operands: [normal([4, 5])] },
    { name: 'no axis', attributes: { axes: [], keepDims: false }, operands: [normal([4, 5])] },
    { name: 'an axis of size 1', attributes: { axes: [1], keepDims: false }, operands: [normal([4, 1, 2])] },
    { name: 'symbols', attributes: { axes: [0, 1], keepDims: false }, operands: [normal(['B', 'T', 4])], runs },
    {
      name: 'over any number of rows',
      attributes: { axes: [0], keepDims: false },
      operands: [normal(['N', 3])],
      runs: anyRows,
    },
    {
      name: 'over any number of numbers',
      attributes: { axes: [0], keepDims: false },
      operands: [normal(['N'])],
      runs: anyRows,
    },
    {
      name: 'in any number of rows',
      attributes: { axes: [1], keepDims: true },
      operands: [normal(['N', 3])],
      runs: anyRows,
    },
  ],
  reduceMax: [
    { name: 'the last axis', attributes: { axes: [1], keepDims: false }, operands: [normal([3, 50])] },
    { name: 'the first axis, kept', attributes: { axes: [0], keepDims: true }, operands: [normal([50, 3])] },
    { name: 'two axes', attributes: { axes: [0, 2], keepDims: false }, operands: [normal([2, 3, 5])] },
    { name: 'no axis', attributes: { axes: [], keepDims: false }, operands: [normal([4, 5])] },
    {
      name: 'negative numbers',
      attributes: { axes: [1], keepDims: false },
      operands: [values([-3, -1, -2, -9, -8, -Infinity], [2, 3])],
    },
    { name: 'only -inf', attributes: { axes: [0], keepDims: false }, operands: [values([-Infinity, -Infinity])] },
    {
      name: 'in any number of rows',
      attributes: { axes: [1], keepDims: false },
      operands: [normal(['N', 3])],
      runs: anyRows,
    },
  ],
  slice: [
    { name: 'the first rows', attributes: { axis: 0, start: 0, end: 2 }, operands: [normal([5, 3])] },
    { name: 'the last column', attributes: { axis: 1, start: 2, end: 3 }, operands: [normal([5, 3])] },
    { name: 'everything', attributes: { axis: 1, start: 0, end: 3 }, operands: [normal([5, 3])] },
    { name: 'whole numbers', attributes: { axis: 0, start: 1, end: 3 }, operands: [below(9, [4])] },
    { name: 'a middle axis', attributes: { axis: 1, start: 1, end: 3 }, operands: [normal([2, 4, 3])] },
    {
      name: 'any number of rows',
      attributes: { axis: 1, start: 1, end: 3 },
      operands: [normal(['N', 4])],
      runs: anyRows,
    },
  ],
  concat: [
    { name: 'rows', attributes: { axis: 0 }, operands: [normal([2, 3]), normal([1, 3]), normal([4, 3])] },
    { name: 'columns', attributes: { axis: 1 }, operands: [normal([2, 3]), normal([2, 1])] },
    { name: 'a single array', attributes: { axis: 0 }, operands: [normal([2, 3])] },
    { name: 'whole numbers', attributes: { axis: 0 }, operands: [below(9, [2]), below(9, [3])] },
    {
      name: 'any number of rows',
      attributes: { axis: 1 },
      operands: [normal(['N', 4]), normal(['N', 2])],
      runs: anyRows,
    },
  ],
};
