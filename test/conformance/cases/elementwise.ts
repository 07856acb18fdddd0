import { asConstant, asWeight, below, bools, normal, positive, values } from '../operand';
import type { Operand } from '../operand';
import type { Empty } from '../../../src/engine/graph/types';
import type { CaseTable, CaseWith } from '../program';

const shapes = [[7], [2, 3, 5], [1, 1], [33, 17]] as const;
const extremes = [-1e30, -1e4, -100, -20, -1, -1e-8, -0, 0, 1e-8, 1, 20, 100, 1e4, 1e30];
const runs = [
  { B: 2, T: 3 },
  { B: 1, T: 1 },
  { B: 3, T: 8 },
];
const anyRows = [{ N: 4 }, { N: 0 }, { N: 1 }];

const sameShapes = shapes.map((shape) => ({
  name: `two arrays [${shape.join(', ')}]`,
  attributes: {},
  operands: [normal(shape), normal(shape)],
}));

const broadcasts = [
  { name: 'a scalar on the right', operands: [normal([2, 3]), normal([])] },
  { name: 'a scalar on the left', operands: [normal([]), normal([2, 3])] },
  { name: 'a row on the right', operands: [normal([2, 3, 4]), normal([4])] },
  { name: 'a row on the left', operands: [normal([4]), normal([2, 3, 4])] },
  { name: 'axes of size 1 on both sides', operands: [normal([2, 1, 4]), normal([3, 1])] },
  { name: 'a weight on the right', operands: [normal([5, 4]), asWeight(normal([4]))] },
  { name: 'a constant on the left', operands: [asConstant(normal([4])), normal([5, 4])] },
  { name: 'whole numbers', operands: [below(100, [2, 3]), below(100, [3])] },
].map((entry) => ({ attributes: {}, ...entry }));

const symbolic = [
  { name: 'symbols', attributes: {}, operands: [normal(['B', 'T', 4]), normal(['B', 'T', 4])], runs },
  { name: 'a symbol against 1', attributes: {}, operands: [normal(['B', 1, 4]), normal([1, 'T', 1])], runs },
  { name: 'any number of rows', attributes: {}, operands: [normal(['N', 4]), normal([4])], runs: anyRows },
];

const binaries = [...sameShapes, ...broadcasts, ...symbolic];

const unaries = [
  ...shapes.map((shape) => ({
    name: `an array [${shape.join(', ')}]`,
    attributes: {},
    operands: [normal(shape, 3)],
  })),
  { name: 'tiny and huge numbers', attributes: {}, operands: [values(extremes)] },
  { name: 'symbols', attributes: {}, operands: [normal(['B', 'T', 4])], runs },
  { name: 'any number of rows', attributes: {}, operands: [normal(['N', 4])], runs: anyRows },
];

/** Cases with `count` arrays of one shape. */
function alike(count: number): CaseWith<Empty>[] {
  const operands = (make: () => Operand): Operand[] => Array.from({ length: count }, make);
  const steep = values([-100, -50, -20, 20, 50, 100]);
  return [
    ...shapes.map((shape) => ({
      name: `arrays [${shape.join(', ')}]`,
      attributes: {},
      operands: operands(() => normal(shape, 2)),
    })),
    { name: 'large arguments', attributes: {}, operands: [steep, ...operands(() => normal([6])).slice(1)] },
    { name: 'symbols', attributes: {}, operands: operands(() => normal(['B', 'T', 4])), runs },
    { name: 'any number of rows', attributes: {}, operands: operands(() => normal(['N', 4])), runs: anyRows },
  ];
}

const approximations = ['none', 'tanh'] as const;

export const elementwiseCases: CaseTable<
  | 'add'
  | 'sub'
  | 'mul'
  | 'scale'
  | 'log'
  | 'tanh'
  | 'sigmoid'
  | 'silu'
  | 'siluGrad'
  | 'swiglu'
  | 'swigluGrad'
  | 'gelu'
  | 'geluGrad'
  | 'keep'
  | 'equal'
  | 'toFloat'
  | 'cast'
  | 'gate'
> = {
  add: [
    ...binaries,
    { name: 'a mask with -inf', attributes: {}, operands: [normal([2, 3]), values([0, -Infinity, 0])] },
  ],
  sub: binaries,
  mul: binaries,
  scale: [0.125, -1, 0, 3].flatMap((factor) =>
    unaries.map((entry) => ({ ...entry, name: `${entry.name}, by ${factor}`, attributes: { factor } })),
  ),
  log: [
    { name: 'an array', attributes: {}, operands: [positive([3, 5])] },
    { name: 'tiny and huge numbers', attributes: {}, operands: [values([0, 1e-30, 1e-7, 1, 1 + 1e-6, 1e30])] },
    { name: 'any number of rows', attributes: {}, operands: [positive(['N', 4])], runs: anyRows },
  ],
  tanh: unaries,
  sigmoid: unaries,
  silu: unaries,
  siluGrad: alike(2),
  swiglu: alike(2),
  swigluGrad: alike(3),
  gelu: approximations.flatMap((approximate) =>
    unaries.map((entry) => ({ ...entry, name: `${entry.name}, ${approximate}`, attributes: { approximate } })),
  ),
  geluGrad: approximations.flatMap((approximate) =>
    alike(2).map((entry) => ({ ...entry, name: `${entry.name}, ${approximate}`, attributes: { approximate } })),
  ),
  keep: [
    { name: 'a mask', attributes: {}, operands: [normal([4, 5]), bools([4, 5])] },
    { name: 'drops infinite numbers', attributes: {}, operands: [values([Infinity, 1]), values([0, 1], [2], 'bool')] },
    { name: 'keeps infinite numbers', attributes: {}, operands: [values([-Infinity, 1]), values([1, 0], [2], 'bool')] },
    { name: 'symbols', attributes: {}, operands: [normal(['B', 'T', 4]), bools(['B', 'T', 4])], runs },
    { name: 'any number of rows', attributes: {}, operands: [normal(['N', 4]), bools(['N', 4])], runs: anyRows },
  ],
  equal: [
    { name: 'whole numbers', attributes: {}, operands: [below(3, [4, 5]), below(3, [4, 5])] },
    { name: 'broadcast whole numbers', attributes: {}, operands: [below(3, [4, 1]), below(3, [5])] },
    {
      name: 'floats',
      attributes: {},
      operands: [values([1, 2, 3, -0, Infinity]), values([1, 2.0000002, -3, 0, Infinity])],
    },
    { name: 'any number of rows', attributes: {}, operands: [below(3, ['N']), below(3, ['N'])], runs: anyRows },
  ],
  toFloat: [
    { name: 'bool', attributes: {}, operands: [bools([3, 4])] },
    { name: 'i32', attributes: {}, operands: [values([-7, 0, 16777216, 3], [4], 'i32')] },
    { name: 'any number of rows', attributes: {}, operands: [bools(['N', 4])], runs: anyRows },
  ],
  cast: [
    { name: 'to half', attributes: { to: 'f16' }, operands: [normal([3, 5], 100)] },
    { name: 'to half, of little', attributes: { to: 'f16' }, operands: [normal([3, 5], 1e-6)] },
    { name: 'a weight', attributes: { to: 'f16' }, operands: [asWeight(normal([3, 5]))] },
    { name: 'any number of rows', attributes: { to: 'f16' }, operands: [normal(['N', 4])], runs: anyRows },
  ],
  gate: [
    { name: 'after an array', attributes: {}, operands: [normal([2, 3]), normal([4])] },
    { name: 'after a scalar', attributes: {}, operands: [normal([2, 3]), normal([])] },
    { name: 'after -inf', attributes: {}, operands: [normal([2, 3]), values([-Infinity, 1])] },
    { name: 'after NaN', attributes: {}, operands: [normal([2, 3]), values([NaN, 1])] },
    { name: 'after huge numbers', attributes: {}, operands: [normal([2, 3]), values([3e38, 1])] },
    { name: 'a scalar', attributes: {}, operands: [normal([]), normal([2, 3])] },
    { name: 'infinite numbers', attributes: {}, operands: [values([-Infinity, Infinity, 0]), normal([2, 3])] },
    { name: 'whole numbers', attributes: {}, operands: [below(9, [3]), normal([2])] },
    { name: 'after whole numbers', attributes: {}, operands: [normal([3]), below(9, [2])] },
    { name: 'after any number of rows', attributes: {}, operands: [normal([3]), normal(['N', 4])], runs: anyRows },
    { name: 'symbols', attributes: {}, operands: [normal(['B', 'T']), normal(['T', 4])], runs },
  ],
};
