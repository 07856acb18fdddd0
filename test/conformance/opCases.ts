import type { Op } from '../../src/engine/graph/types';
import type { Runtime } from '../../src/engine/runtime/runtime';
import { attentionCases } from './cases/attention';
import { elementwiseCases } from './cases/elementwise';
import { layoutCases } from './cases/layout';
import { normCases } from './cases/norms';
import { rowCases } from './cases/rows';
import { approximated, cancelling, exact, halved, rounded, summed } from './compare';
import type { Tolerance } from './compare';
import { asWeight, below, bools, normal } from './operand';
import type { CaseTable } from './program';

/** The cases of all ops. An op without cases does not compile. */
export const opCases: CaseTable<Op> = {
  // Leaves are read through operands, which the other cases do as well.
  input: [
    {
      name: 'floats',
      attributes: { name: 'x', dtype: 'f32', shape: [2, 3] },
      operands: [],
      feeds: { x: normal([2, 3]) },
    },
    { name: 'a scalar', attributes: { name: 'x', dtype: 'f32', shape: [] }, operands: [], feeds: { x: normal([]) } },
    {
      name: 'whole numbers',
      attributes: { name: 'x', dtype: 'i32', shape: [4] },
      operands: [],
      feeds: { x: below(9, [4]) },
    },
    {
      name: 'truth values',
      attributes: { name: 'x', dtype: 'bool', shape: [4] },
      operands: [],
      feeds: { x: bools([4]) },
    },
    {
      name: 'symbols',
      attributes: { name: 'x', dtype: 'f32', shape: ['N', 4] },
      operands: [],
      feeds: { x: normal(['N', 4]) },
      runs: [{ N: 3 }, { N: 0 }, { N: 1 }],
    },
  ],
  weight: [
    {
      name: 'a matrix',
      attributes: { name: 'w', shape: [2, 3] },
      operands: [],
      feeds: { w: asWeight(normal([2, 3])) },
    },
    { name: 'a scalar', attributes: { name: 'w', shape: [] }, operands: [], feeds: { w: asWeight(normal([])) } },
  ],
  constant: [
    { name: 'floats', attributes: { dtype: 'f32', shape: [2, 2], data: [0.1, -Infinity, 1e-40, 3] }, operands: [] },
    { name: 'a scalar', attributes: { dtype: 'f32', shape: [], data: [0.1] }, operands: [] },
    { name: 'whole numbers', attributes: { dtype: 'i32', shape: [3], data: [-1, 0, 7] }, operands: [] },
    { name: 'truth values', attributes: { dtype: 'bool', shape: [2], data: [1, 0] }, operands: [] },
    { name: 'typed arrays', attributes: { dtype: 'f32', shape: [2], data: Float32Array.of(0.1, 2) }, operands: [] },
    { name: 'nothing', attributes: { dtype: 'f32', shape: [0, 3], data: [] }, operands: [] },
  ],
  unpack: [
    {
      name: 'a matrix',
      attributes: { name: 'w', shape: [2, 3] },
      operands: [normal(['N', 2])],
      feeds: { w: asWeight(normal([2, 3])) },
      runs: [{ N: 3 }, { N: 1 }],
    },
  ],
  ...elementwiseCases,
  ...layoutCases,
  ...normCases,
  ...rowCases,
  ...attentionCases,
};

/** How far a runtime may be from float64 for each op. */
export const tolerances: Readonly<Record<Op, Tolerance>> = {
  input: exact,
  weight: exact,
  constant: exact,
  unpack: exact,
  add: rounded,
  sub: rounded,
  mul: rounded,
  scale: rounded,
  log: approximated,
  tanh: approximated,
  sigmoid: approximated,
  silu: approximated,
  siluGrad: approximated,
  swiglu: approximated,
  swigluGrad: approximated,
  gelu: approximated,
  geluGrad: cancelling,
  keep: exact,
  equal: exact,
  toFloat: exact,
  cast: halved,
  gate: exact,
  matmul: summed,
  transpose: exact,
  reshape: exact,
  expand: exact,
  reduceSum: summed,
  reduceMax: exact,
  slice: exact,
  concat: exact,
  gather: exact,
  scatterAdd: summed,
  pick: exact,
  oneHot: exact,
  softmax: summed,
  rmsNorm: summed,
  rmsNormGrad: cancelling,
  rmsNormWeightGrad: summed,
  layerNorm: summed,
  layerNormGrad: cancelling,
  layerNormWeightGrad: summed,
  rope: summed,
  attentionMask: exact,
  attention: summed,
  attentionGrad: summed,
  cacheMask: exact,
  cachedAttention: summed,
  crossEntropy: summed,
  countCorrect: exact,
};

/** How exact a runtime must be in a case. */
export function toleranceOf(runtime: Runtime, op: Op, { tolerance }: { readonly tolerance?: Tolerance }): Tolerance {
  // A probability of 1 comes out of TensorFlow's softmax as 0.9999999: where differences of slopes should be 0,
  // that part of a slope is left.
  if (runtime.name === 'tensorflow' && op === 'attentionGrad') return cancelling;
  return tolerance ?? tolerances[op];
}
