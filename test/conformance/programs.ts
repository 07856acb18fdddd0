import { GraphBuilder } from '../../src/engine/graph/builder';
import { distributeOneHot } from '../../src/engine/graph/oneHot';
import type { Value } from '../../src/engine/graph/types';
import { asConstant, asWeight, below, normal } from './operand';
import { program } from './program';
import type { Program } from './program';

const anyRows = [{ N: 5 }, { N: 0 }, { N: 1 }, { N: 9 }];
const batches = [
  { B: 2, T: 3 },
  { B: 1, T: 1 },
  { B: 3, T: 5 },
];
type Values = Readonly<Record<string, Value>>;

/** Sums with a product as one side, which a runtime may compute in one operator. */
const accumulations: Program[] = [
  { name: 'a vector', addend: normal([6]) },
  { name: 'a weight vector', addend: asWeight(normal([6])) },
  { name: 'a matrix', addend: normal(['N', 6]) },
  { name: 'a row', addend: normal([1, 6]) },
  { name: 'a column', addend: normal(['N', 1]) },
  { name: 'a scalar', addend: normal([]) },
].flatMap(({ name, addend }) =>
  [false, true].map((transposeA) =>
    program(
      `a ${transposeA ? 'transposed ' : ''}product plus ${name}`,
      { x: normal(transposeA ? [8, 'N'] : ['N', 8]), w: asWeight(normal([6, 8])), c: addend },
      anyRows,
      (b, { x, w, c }: Values) => ({ y: b.add(b.matmul(x!, w!, { transposeA, transposeB: true, alpha: 0.5 }), c!) }),
    ),
  ),
);

const products: Program[] = [
  program(
    'a sum over no rows plus a matrix',
    { x: normal(['N', 4]), y: normal(['N', 3]), c: normal([4, 3]) },
    anyRows,
    (b, v: Values) => ({
      y: b.add(b.matmul(v['x']!, v['y']!, { transposeA: true }), v['c']!),
    }),
  ),
  program(
    'a sum of two products',
    { x: normal([3, 4]), w: normal([4, 2]), v: normal([4, 2]) },
    [{}],
    (b, { x, w, v }: Values) => ({
      y: b.add(b.matmul(x!, w!), b.matmul(x!, v!)),
    }),
  ),
  program('twice one product', { x: normal([3, 4]), w: normal([4, 2]) }, [{}], (b, { x, w }: Values) => {
    const product = b.matmul(x!, w!);
    return { y: b.add(product, product) };
  }),
  program(
    'a product that is read again',
    { x: normal([3, 4]), w: normal([4, 2]), c: normal([2]) },
    [{}],
    (b, { x, w, c }: Values) => {
      const product = b.matmul(x!, w!);
      return { y: b.add(product, c!), z: b.scale(product, 2) };
    },
  ),
  program(
    'a product that is a result too',
    { x: normal([3, 4]), w: normal([4, 2]), c: normal([2]) },
    [{}],
    (b, { x, w, c }: Values) => {
      const product = b.matmul(x!, w!);
      return { y: b.add(product, c!), product };
    },
  ),
  program(
    'a product broadcast by the sum',
    { x: normal([1, 4]), w: normal([4, 2]), c: normal([3, 2]) },
    [{}],
    (b, { x, w, c }: Values) => ({
      y: b.add(b.matmul(x!, w!), c!),
    }),
  ),
  program(
    'a batched product plus a vector',
    { x: normal([2, 3, 4]), w: normal([2, 4, 2]), c: normal([2]) },
    [{}],
    (b, { x, w, c }: Values) => ({
      y: b.add(c!, b.matmul(x!, w!)),
    }),
  ),
  program(
    'a frozen projection with a low-rank update',
    { x: normal(['N', 8]), w: asWeight(normal([6, 8])), a: normal([2, 8]), b: normal([6, 2]) },
    anyRows,
    (b, v: Values) => {
      const base = b.matmul(v['x']!, v['w']!, { transposeB: true });
      const down = b.matmul(v['x']!, v['a']!, { transposeB: true });
      return { y: b.add(base, b.matmul(down, v['b']!, { transposeB: true, alpha: 2 })) };
    },
  ),
];

/** The loss head with the gradient back into the hidden state and the head's weight. */
function lossHead(distributed: boolean): Program {
  const plain = program(
    `the loss head of a chunk${distributed ? ', one-hot rows multiplied out' : ''}`,
    { h: normal(['N', 8]), w: asWeight(normal([13, 8])), labels: below(13, ['N']), weight: normal([]) },
    anyRows,
    (b, v: Values) => {
      const [h, w, labels] = [v['h']!, v['w']!, v['labels']!];
      const logits = b.matmul(h, w, { transposeB: true });
      const slopes = b.sub(b.softmax(logits), b.op('oneHot', { depth: 13 }, labels));
      return {
        loss: b.op('crossEntropy', {}, logits, labels),
        correct: b.op('countCorrect', {}, logits, labels),
        dh: b.mul(b.matmul(slopes, w), v['weight']!),
        dw: b.matmul(slopes, h, { transposeA: true, alpha: 0.5 }),
      };
    },
  );
  return distributed ? { ...plain, graph: distributeOneHot(plain.graph) } : plain;
}

const norms: Program[] = (['rms', 'layer'] as const).map((kind) =>
  program(
    `a ${kind} norm with its gradients`,
    { x: normal(['N', 6]), w: normal([6]), dy: normal(['N', 6]) },
    anyRows,
    (b, v: Values) => {
      const [x, w, dy] = [v['x']!, v['w']!, v['dy']!];
      const attributes = { epsilon: 1e-5 };
      return {
        y: kind === 'rms' ? b.op('rmsNorm', attributes, x, w) : b.op('layerNorm', attributes, x, w, w),
        dx: b.op(`${kind}NormGrad`, attributes, x, w, dy),
        dw: b.op(`${kind}NormWeightGrad`, attributes, x, dy),
      };
    },
  ),
);

const sharing: Program[] = [
  ...norms,
  ...[['rms', 'layer'] as const, ['layer', 'rms'] as const].map((kinds) =>
    program(
      `both norms of one value, ${kinds[0]} norm first`,
      { x: normal([3, 6]), w: normal([6]), dy: normal([3, 6]) },
      [{}],
      (b, { x, w, dy }: Values) => {
        const attributes = { epsilon: 1e-5 };
        const forward = kinds.map((kind) => [
          kind,
          kind === 'rms' ? b.op('rmsNorm', attributes, x!, w!) : b.op('layerNorm', attributes, x!, w!, w!),
        ]);
        const backward = kinds.map((kind) => [`${kind}Grad`, b.op(`${kind}NormGrad`, attributes, x!, w!, dy!)]);
        return Object.fromEntries([...forward, ...backward]) as Values;
      },
    ),
  ),
  program(
    'one norm with two epsilons',
    { x: normal([3, 6], 0.01), w: normal([6]), dy: normal([3, 6]) },
    [{}],
    (b, { x, w, dy }: Values) => ({
      y: b.op('rmsNorm', { epsilon: 1e-3 }, x!, w!),
      dx: b.op('rmsNormGrad', { epsilon: 1e-6 }, x!, w!, dy!),
    }),
  ),
];

const results: Program[] = [
  program('one value under two names', { x: normal([3]) }, [{}], (b, { x }: Values) => {
    const y = b.scale(x!, 2);
    return { first: y, second: y };
  }),
  program(
    'an input, a weight and a constant as results',
    { x: normal([3]), w: asWeight(normal([2])), c: asConstant(normal([2])) },
    [{}],
    (_, { x, w, c }: Values) => ({
      a: x!,
      b: w!,
      d: c!,
    }),
  ),
  program('results named like inputs', { x: normal([3]), y: normal([3]) }, [{}], (b, { x, y }: Values) => ({
    x: b.add(x!, y!),
    y: b.mul(x!, y!),
  })),
  program('results of every type', { x: normal([3]), n: below(2, [3]) }, [{}], (b, { x, n }: Values) => ({
    floats: b.scale(x!, 2),
    whole: b.add(n!, n!),
    truth: b.op('equal', {}, n!, b.constant([1], [1], 'i32')),
  })),
  program(
    'results with dots and slashes in their names',
    { 'model.layers.0/x': normal([3]) },
    [{}],
    (b, v: Values) => ({
      'model.layers.0/x.grad': b.scale(v['model.layers.0/x']!, 2),
    }),
  ),
];

/** `row` is repeated N times by a node before the input that N is read off. */
function lateSymbol(): Program {
  const b = new GraphBuilder();
  const repeated = b.expand(b.input('row', 'f32', [3]), ['N', 3]);
  const graph = b.finish({ y: b.add(repeated, b.input('x', 'f32', ['N', 3])) });
  const operands = { row: normal([3]), x: normal(['N', 3]) };
  return {
    ...program('a symbol whose input comes last', operands, [{ N: 2 }, { N: 4 }], (_, { x }) => ({ x: x! })),
    graph,
  };
}

const symbols: Program[] = [
  lateSymbol(),
  program(
    'sizes that are products of symbols',
    { x: normal(['B', 'T', 4]), y: normal(['T', 'B']) },
    batches,
    (b, { x, y }: Values) => {
      const rows = b.reshape(x!, ['B*T', 4]);
      const column = b.reshape(y!, ['B*T', 1]);
      return { y: b.reshape(b.mul(rows, column), ['B', 'T', 2, 2]), z: b.expand(column, ['B*T', 3]) };
    },
  ),
];
export const programs: readonly Program[] = [
  ...accumulations,
  ...products,
  lossHead(false),
  lossHead(true),
  ...sharing,
  ...results,
  ...symbols,
];
