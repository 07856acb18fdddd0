import type { GraphBuilder } from '../../src/engine/graph/builder';
import type { Value } from '../../src/engine/graph/types';
import { asConstant, below, bools, normal, values } from '../conformance/operand';
import type { Differentiable, Values } from './differentiated';

const epsilon = 1e-3;
const sizes = {};

function linear(b: GraphBuilder, x: Value, weight: Value): Value {
  return b.matmul(x, weight, { transposeB: true });
}

/** x·Wᵀ + scale·(x·Aᵀ)·Bᵀ */
function adapted(b: GraphBuilder, x: Value, weight: Value, down: Value, up: Value): Value {
  return b.add(linear(b, x, weight), b.scale(linear(b, linear(b, x, down), up), 2));
}

const projection: Differentiable = {
  name: 'a frozen projection with a low-rank update',
  operands: { x: normal([3, 4]), w: normal([5, 4]), a: normal([2, 4]), b: normal([5, 2]) },
  parameters: ['x', 'a', 'b'],
  sizes,
  build: (b, v: Values) => adapted(b, v['x']!, v['w']!, v['a']!, v['b']!),
};

const withDropout: Differentiable = {
  name: 'a low-rank update behind dropout',
  operands: { x: normal([3, 4]), kept: bools([3, 4]), a: normal([2, 4]), b: normal([5, 2]) },
  parameters: ['x', 'a', 'b'],
  sizes,
  build: (b, v: Values) => {
    const dropped = b.scale(b.op('keep', {}, v['x']!, v['kept']!), 1 / 0.9);
    return linear(b, linear(b, dropped, v['a']!), v['b']!);
  },
};

const readTwice: Differentiable = {
  name: 'a value that is read three times',
  operands: { x: normal([2, 3]) },
  parameters: ['x'],
  sizes,
  build: (b, v: Values) => {
    const x = b.op('tanh', {}, v['x']!);
    return b.add(b.mul(x, x), b.op('sigmoid', {}, x));
  },
};

const tiedEmbedding: Differentiable = {
  name: 'an embedding that is the head too',
  operands: { table: normal([6, 4]), ids: below(6, [5]), labels: below(6, [5]) },
  parameters: ['table'],
  sizes,
  build: (b, v: Values) => {
    const hidden = b.op('silu', {}, b.gather(v['table']!, v['ids']!));
    return b.op('crossEntropy', {}, linear(b, hidden, v['table']!), v['labels']!);
  },
};

const gatedUnit: Differentiable = {
  name: 'the gated unit of LLaMA with its norm and residual',
  operands: { x: normal([3, 4]), norm: normal([4]), gate: normal([6, 4]), up: normal([6, 4]), down: normal([4, 6]) },
  parameters: ['x', 'norm', 'gate', 'up', 'down'],
  sizes,
  build: (b, v: Values) => {
    const h = b.op('rmsNorm', { epsilon }, v['x']!, v['norm']!);
    const wide = b.op('swiglu', {}, linear(b, h, v['gate']!), linear(b, h, v['up']!));
    return b.add(v['x']!, linear(b, wide, v['down']!));
  },
};

const gptUnit: Differentiable = {
  name: 'the feed-forward unit of GPT-2 with biases',
  operands: {
    x: normal([3, 4]),
    norm: normal([4]),
    shift: normal([4]),
    wide: normal([4, 6]),
    wideBias: normal([6]),
    narrow: normal([6, 4]),
    narrowBias: normal([4]),
  },
  parameters: ['x', 'norm', 'shift', 'wide', 'wideBias', 'narrow', 'narrowBias'],
  sizes,
  build: (b, v: Values) => {
    const h = b.op('layerNorm', { epsilon }, v['x']!, v['norm']!, v['shift']!);
    const wide = b.gelu(b.add(b.matmul(h, v['wide']!), v['wideBias']!), 'tanh');
    return b.add(v['x']!, b.add(b.matmul(wide, v['narrow']!), v['narrowBias']!));
  },
};

const angles = Array.from({ length: 8 }, (_, i) => Math.floor(i / 2) * (i % 2 === 0 ? 1 : 0.1));

/** Two rows of 4 positions, hidden size 6, four query heads and two key heads of size 4, two segments in each row. */
const attentionBlock: Differentiable = {
  name: 'grouped attention with rotary positions over packed segments',
  operands: {
    x: normal(['B*T', 6]),
    positions: values([0, 1, 2, 0, 0, 1, 0, 1], ['B', 'T'], 'i32'),
    segments: values([0, 0, 0, 1, 0, 0, 1, 1], ['B', 'T'], 'i32'),
    q: normal([16, 6], 0.5),
    k: normal([8, 6], 0.5),
    v: normal([8, 6], 0.5),
    o: normal([6, 16], 0.5),
    cos: asConstant(values(angles.map(Math.cos), [4, 2])),
    sin: asConstant(values(angles.map(Math.sin), [4, 2])),
  },
  parameters: ['x', 'q', 'k', 'v', 'o'],
  sizes: { B: 2, T: 4 },
  build: (b, v: Values) => {
    const x = v['x']!;
    const heads = (weight: Value, count: number): Value => b.reshape(linear(b, x, weight), ['B', 'T', count, 4]);
    const turned = (weight: Value, count: number): Value =>
      b.op('rope', {}, heads(weight, count), v['positions']!, v['cos']!, v['sin']!);
    const mask = b.op('attentionMask', { window: 2 }, v['positions']!, v['segments']!);
    const mixed = b.op('attention', { scale: 0.5 }, turned(v['q']!, 4), turned(v['k']!, 2), heads(v['v']!, 2), mask);
    return b.add(x, linear(b, b.reshape(mixed, ['B*T', 16]), v['o']!));
  },
};

const chunkedLoss: Differentiable = {
  name: 'a loss over rows picked out of the hidden states',
  operands: {
    hidden: normal([6, 4]),
    rows: values([5, 0, 2], [3], 'i32'),
    head: normal([7, 4]),
    labels: below(7, [3]),
  },
  parameters: ['hidden', 'head'],
  sizes,
  build: (b, v: Values) => {
    const logits = linear(b, b.gather(v['hidden']!, v['rows']!), v['head']!);
    return b.op('crossEntropy', {}, logits, v['labels']!);
  },
};

/** The slices of one product, used by `combine`; the last column of the product is read by nothing. */
function slices(
  name: string,
  ranges: readonly (readonly [number, number])[],
  combine: (b: GraphBuilder, parts: readonly Value[]) => Value,
): Differentiable {
  return {
    name,
    operands: { x: normal(['N', 4]), w: normal([4, 7]) },
    parameters: ['x', 'w'],
    sizes: { N: 3 },
    build: (b, v: Values) => {
      const product = b.matmul(v['x']!, v['w']!);
      return combine(
        b,
        ranges.map(([start, end]) => b.slice(product, 1, start, end)),
      );
    },
  };
}

const ofThree = (b: GraphBuilder, [q, k, v]: readonly Value[]): Value =>
  b.mul(b.add(q!, b.op('tanh', {}, k!)), b.op('sigmoid', {}, v!));

/** Graphs of several ops, as models have them. */
export const composites: readonly Differentiable[] = [
  projection,
  withDropout,
  readTwice,
  tiedEmbedding,
  gatedUnit,
  gptUnit,
  attentionBlock,
  chunkedLoss,
  slices(
    'slices of one product beside each other',
    [
      [0, 2],
      [2, 4],
      [4, 6],
    ],
    ofThree,
  ),
  slices(
    'slices of one product in another order, with gaps',
    [
      [5, 7],
      [0, 2],
      [3, 5],
    ],
    ofThree,
  ),
  slices(
    'overlapping slices of one product',
    [
      [0, 3],
      [1, 4],
      [2, 5],
    ],
    ofThree,
  ),
  slices('a slice of a slice', [[1, 6]], (b, [part]) => b.mul(b.slice(part!, 1, 0, 2), b.slice(part!, 1, 3, 5))),
  slices('a slice that is read twice', [[1, 3]], (b, [part]) => b.mul(part!, part!)),
  slices(
    'slices put together again',
    [
      [3, 7],
      [0, 3],
    ],
    (b, [end, start]) => b.op('tanh', {}, b.op('concat', { axis: 1 }, end!, start!)),
  ),
];
