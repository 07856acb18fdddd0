import type { Attributes, Empty, Op } from '../../src/engine/graph/types';
import { asConstant, asWeight, below, bools, normal, values } from '../conformance/operand';
import type { Operand } from '../conformance/operand';
import type { Sizes } from '../conformance/program';

/** An op whose gradients with respect to some operands are compared with finite differences. */
export type GradientCase<K extends Op> = GradientCaseWith<Attributes[K]>;

interface GradientCaseWith<A> {
  readonly name: string;
  readonly attributes: A;
  readonly operands: readonly Operand[];
  /** Which operands are differentiated. */
  readonly parameters: readonly number[];
  readonly sizes?: Sizes;
}

const symbols = { B: 2, T: 3 };
const none = 'not differentiable';

function binary(): GradientCaseWith<Empty>[] {
  const cases = [
    { name: 'equal shapes', operands: [normal([2, 3]), normal([2, 3])] },
    { name: 'a row', operands: [normal([2, 3, 4]), normal([4])] },
    { name: 'a row on the left', operands: [normal([4]), normal([2, 3, 4])] },
    { name: 'a scalar', operands: [normal([2, 3]), normal([])] },
    { name: 'axes of size 1 on both sides', operands: [normal([2, 1, 4]), normal([3, 1])] },
    { name: 'symbols against 1', operands: [normal(['B', 'T', 2]), normal([1, 'T', 1])], sizes: symbols },
  ];
  return cases.map((entry) => ({ attributes: {}, parameters: [0, 1], ...entry }));
}

function unary(scale = 2): GradientCaseWith<Empty>[] {
  return [
    { name: 'an array', attributes: {}, operands: [normal([3, 5], scale)], parameters: [0] },
    { name: 'symbols', attributes: {}, operands: [normal(['B', 'T', 3], scale)], parameters: [0], sizes: symbols },
  ];
}

const matmuls = [false, true].flatMap((transposeA) =>
  [false, true].flatMap((transposeB) =>
    [[], [2]].map((batch): GradientCase<'matmul'> => {
      const rows = (a: number, b: number, swapped: boolean): number[] => [...batch, ...(swapped ? [b, a] : [a, b])];
      return {
        name: `${batch.length > 0 ? 'a batch of ' : ''}${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}`,
        attributes: { transposeA, transposeB, alpha: batch.length > 0 ? 0.5 : 1 },
        operands: [normal(rows(3, 4, transposeA)), normal(rows(4, 2, transposeB))],
        parameters: [0, 1],
      };
    }),
  ),
);

const epsilon = 1e-2;
const angles = values([0.1, 0.7, -0.4, 1.2, 2, 0.3, 0.9, -1], [4, 2]);

/** [1, 1, 4, 4]: causal, and the last two positions are a segment of their own. */
const packedMask = values(
  [0, 1, 2, 3].flatMap((query) => [0, 1, 2, 3].map((key) => (key <= query && query < 2 === key < 2 ? 0 : -Infinity))),
  [1, 1, 4, 4],
);

function attentions(): GradientCase<'attention'>[] {
  const heads = [
    { name: 'equal heads', query: 2, key: 2 },
    { name: 'grouped queries', query: 4, key: 2 },
    { name: 'one key head', query: 3, key: 1 },
  ];
  return heads.map(({ name, query, key }) => ({
    name,
    attributes: { scale: 0.6 },
    operands: [normal([1, 4, query, 3]), normal([1, 4, key, 3]), normal([1, 4, key, 3]), packedMask],
    parameters: [0, 1, 2],
  }));
}

/** Cases of all differentiable ops. An op without an entry does not compile. */
export const gradientCases: { readonly [K in Op]: readonly GradientCase<K>[] | typeof none } = {
  input: none,
  weight: none,
  constant: none,
  unpack: none,
  add: binary(),
  sub: binary(),
  mul: binary(),
  scale: [{ name: 'an array', attributes: { factor: -2.5 }, operands: [normal([2, 3])], parameters: [0] }],
  log: none,
  tanh: unary(),
  sigmoid: unary(),
  silu: unary(),
  siluGrad: none,
  swiglu: [{ name: 'arrays', attributes: {}, operands: [normal([3, 5], 2), normal([3, 5])], parameters: [0, 1] }],
  swigluGrad: none,
  gelu: (['none', 'tanh'] as const).map((approximate) => ({
    name: approximate,
    attributes: { approximate },
    operands: [normal([4, 6], 2)],
    parameters: [0],
  })),
  geluGrad: none,
  keep: [{ name: 'a mask', attributes: {}, operands: [normal([4, 5]), bools([4, 5])], parameters: [0] }],
  equal: none,
  toFloat: none,
  cast: none,
  gate: [{ name: 'an array', attributes: {}, operands: [normal([2, 3]), normal([2])], parameters: [0] }],
  matmul: [
    ...matmuls,
    {
      name: 'a frozen weight',
      attributes: { transposeA: false, transposeB: true, alpha: 1 },
      operands: [normal(['B', 4]), asWeight(normal([3, 4]))],
      parameters: [0],
      sizes: { B: 5 },
    },
  ],
  transpose: [
    { name: 'a cycle of axes', attributes: { permutation: [2, 0, 1] }, operands: [normal([2, 3, 4])], parameters: [0] },
    { name: 'heads', attributes: { permutation: [0, 2, 1, 3] }, operands: [normal([2, 3, 2, 2])], parameters: [0] },
  ],
  reshape: [
    { name: 'axes', attributes: { shape: [3, 4] }, operands: [normal([2, 6])], parameters: [0] },
    {
      name: 'symbols',
      attributes: { shape: ['B*T', 2, 2] },
      operands: [normal(['B', 'T', 4])],
      parameters: [0],
      sizes: symbols,
    },
  ],
  expand: [
    { name: 'a scalar', attributes: { shape: [2, 3] }, operands: [normal([])], parameters: [0] },
    { name: 'a column', attributes: { shape: [2, 3, 4] }, operands: [normal([3, 1])], parameters: [0] },
  ],
  reduceSum: [
    { name: 'an axis', attributes: { axes: [1], keepDims: false }, operands: [normal([2, 3, 4])], parameters: [0] },
    {
      name: 'axes, kept',
      attributes: { axes: [0, 2], keepDims: true },
      operands: [normal([2, 3, 4])],
      parameters: [0],
    },
    { name: 'everything', attributes: { axes: [0, 1], keepDims: false }, operands: [normal([2, 3])], parameters: [0] },
    {
      name: 'symbols',
      attributes: { axes: [0], keepDims: false },
      operands: [normal(['B', 'T'])],
      parameters: [0],
      sizes: symbols,
    },
  ],
  reduceMax: none,
  slice: [
    {
      name: 'in the middle',
      attributes: { axis: 1, start: 1, end: 3 },
      operands: [normal([2, 4, 3])],
      parameters: [0],
    },
    { name: 'at the start', attributes: { axis: 0, start: 0, end: 2 }, operands: [normal([4, 3])], parameters: [0] },
    { name: 'at the end', attributes: { axis: 1, start: 2, end: 3 }, operands: [normal([4, 3])], parameters: [0] },
    { name: 'everything', attributes: { axis: 0, start: 0, end: 4 }, operands: [normal([4, 3])], parameters: [0] },
    {
      name: 'symbols',
      attributes: { axis: 2, start: 1, end: 2 },
      operands: [normal(['B', 'T', 3])],
      parameters: [0],
      sizes: symbols,
    },
  ],
  concat: [
    { name: 'rows', attributes: { axis: 0 }, operands: [normal([2, 3]), normal([1, 3])], parameters: [0, 1] },
    {
      name: 'columns',
      attributes: { axis: 1 },
      operands: [normal([2, 1]), normal([2, 3]), normal([2, 2])],
      parameters: [0, 1, 2],
    },
    { name: 'a single array', attributes: { axis: 0 }, operands: [normal([2, 3])], parameters: [0] },
  ],
  gather: [
    { name: 'rows, some of them twice', attributes: {}, operands: [normal([5, 3]), below(5, [2, 4])], parameters: [0] },
    { name: 'one row', attributes: {}, operands: [normal([5, 3]), values([2], [1], 'i32')], parameters: [0] },
  ],
  scatterAdd: none,
  pick: none,
  oneHot: none,
  softmax: [
    ...unary(),
    {
      name: 'scores masked by -inf',
      attributes: {},
      operands: [values([1, -Infinity, 2, 0.5, -Infinity, -Infinity], [2, 3])],
      parameters: [0],
    },
  ],
  rmsNorm: [
    { name: 'rows', attributes: { epsilon }, operands: [normal([2, 3, 4]), normal([4])], parameters: [0, 1] },
    { name: 'tiny rows', attributes: { epsilon }, operands: [normal([3, 4], 0.1), normal([4])], parameters: [0, 1] },
    { name: 'a vector', attributes: { epsilon }, operands: [normal([4]), normal([4])], parameters: [0, 1] },
  ],
  rmsNormGrad: none,
  rmsNormWeightGrad: none,
  layerNorm: [
    {
      name: 'rows',
      attributes: { epsilon },
      operands: [normal([2, 3, 4]), normal([4]), normal([4])],
      parameters: [0, 1, 2],
    },
    {
      name: 'tiny rows',
      attributes: { epsilon },
      operands: [normal([3, 4], 0.1), normal([4]), normal([4])],
      parameters: [0, 1, 2],
    },
    {
      name: 'a vector',
      attributes: { epsilon },
      operands: [normal([4]), normal([4]), normal([4])],
      parameters: [0, 1, 2],
    },
  ],
  layerNormGrad: none,
  layerNormWeightGrad: none,
  rope: [
    {
      name: 'positions in any order',
      attributes: {},
      operands: [normal([2, 3, 2, 4]), below(4, [2, 3]), asConstant(angles), normal([4, 2])],
      parameters: [0],
    },
  ],
  attentionMask: none,
  attention: attentions(),
  attentionGrad: none,
  cacheMask: none,
  cachedAttention: none,
  crossEntropy: [
    { name: 'rows', attributes: {}, operands: [normal([4, 6], 2), below(6, [4])], parameters: [0] },
    { name: 'one row', attributes: {}, operands: [normal([1, 3]), below(3, [1])], parameters: [0] },
  ],
  countCorrect: none,
};
