import type { GraphBuilder } from './builder';
import { rewrite } from './rewrite';
import { sameShape, symbolsOf } from './shape';
import { isHalfDtype } from './types';
import type { FloatDtype, Graph, HalfDtype, Node, Op, Shape, Value } from './types';

/**
 * In what an op of a half-precision graph computes: in 16 bits, in f32, in f32 with a result that is kept in 16 bits, or in
 * what its inputs are in. With `none` they stay as they are.
 */
type Precision = 'half' | 'single' | 'narrowed' | 'own' | 'none';

/**
 * As PyTorch's autocast: products are in 16 bits, and what sums, divides or raises to powers is f32. Where both kinds meet, as in
 * the residual stream, the sum is f32.
 */
const precisions: Readonly<Record<Op, Precision>> = {
  input: 'none',
  weight: 'none',
  constant: 'none',
  unpack: 'none',
  add: 'own',
  sub: 'own',
  mul: 'own',
  scale: 'own',
  log: 'single',
  tanh: 'single',
  sigmoid: 'single',
  silu: 'half',
  siluGrad: 'half',
  swiglu: 'half',
  swigluGrad: 'half',
  // Its cubes leave the range of f16.
  gelu: 'narrowed',
  geluGrad: 'narrowed',
  keep: 'own',
  equal: 'none',
  toFloat: 'none',
  cast: 'none',
  gate: 'own',
  matmul: 'half',
  transpose: 'own',
  reshape: 'own',
  expand: 'own',
  reduceSum: 'single',
  reduceMax: 'single',
  slice: 'own',
  concat: 'own',
  gather: 'none',
  scatterAdd: 'single',
  pick: 'single',
  oneHot: 'none',
  softmax: 'single',
  rmsNorm: 'narrowed',
  rmsNormGrad: 'single',
  rmsNormWeightGrad: 'single',
  layerNorm: 'narrowed',
  layerNormGrad: 'single',
  layerNormWeightGrad: 'single',
  rope: 'half',
  attentionMask: 'none',
  attention: 'half',
  attentionGrad: 'half',
  cacheMask: 'none',
  cachedAttention: 'single',
  crossEntropy: 'single',
  countCorrect: 'single',
};

/** Inputs that stay as they are: masks of 0 and -inf, and what a gate waits for. */
const untouched: Partial<Readonly<Record<Op, number>>> = { attention: 3, attentionGrad: 3, gate: 1 };

/**
 * The graph in mixed precision: frozen matrices are held in `half`, and products, attention and activations are computed in
 * it. Trained tensors, the residual stream, norms, softmax, the loss and the gradients of what is trained stay f32.
 * Inputs and results keep their types.
 */
export function halfPrecision(graph: Graph, half: HalfDtype): Graph {
  return rewrite(
    graph,
    (node, inputs, b) => inPrecision(node, inputs, b, half),
    (value, b) => (isHalfDtype(value.dtype) ? b.cast(value, 'f32') : value),
  );
}

function inPrecision(
  node: Node,
  inputs: readonly Value[],
  b: GraphBuilder,
  half: HalfDtype,
): readonly Value[] | undefined {
  if (node.op === 'weight') return [frozen(b, node.attributes.name, node.attributes.shape, half)];
  const own = precisions[node.op];
  // The residual stream begins with the rows of a table.
  if (node.op === 'gather') return [b.cast(b.node(node.op, node.attributes, ...inputs).outputs[0]!, 'f32')];
  if (own === 'none') return undefined;
  const precision = own === 'own' ? ownPrecision(node, inputs, half) : own === 'half' && !isTotal(node) ? half : 'f32';
  const after = node.phase === 'backward' ? inputs.find((input) => isFloat(input) && isBackward(input)) : undefined;
  const converted = inputs.map((input, i) => {
    if (i === untouched[node.op] || !isFloat(input) || input.dtype === precision) return input;
    // Runtimes order nodes by data alone: what the backward pass converts for itself would be there, wide, all along.
    const isHeld = after !== undefined && !isBackward(input) && symbolsOf(input.shape).length > 0;
    return b.cast(isHeld ? b.gate(input, after) : input, precision);
  });
  const { outputs } = b.node(node.op, node.attributes, ...converted);
  return own === 'narrowed' ? outputs.map((output) => b.cast(output, half)) : outputs;
}

/** Vectors, those of norms and biases, are few numbers and stay f32. */
function frozen(b: GraphBuilder, name: string, shape: Shape, half: HalfDtype): Value {
  return isHeldInHalf(shape) ? b.op('weight', { name, shape, dtype: half }) : b.weight(name, shape);
}

/** A sum over tokens, which is a gradient of what is trained, or made of weights alone: its result has no symbol. */
function isTotal({ outputs }: Node): boolean {
  return outputs.every(({ shape }) => symbolsOf(shape).length === 0);
}

/** f32 if an input is that is not repeated to fit the others: a bias does not make its sum wide. */
function ownPrecision({ op, outputs }: Node, inputs: readonly Value[], half: HalfDtype): FloatDtype {
  const numbers = inputs.filter((input, i) => i !== untouched[op] && isFloat(input));
  const whole = numbers.filter(({ shape }) => sameShape(shape, outputs[0]!.shape));
  return (whole.length === 0 ? numbers : whole).some(({ dtype }) => dtype === 'f32') ? 'f32' : half;
}

function isBackward({ node }: Value): boolean {
  return node.phase === 'backward';
}

function isFloat({ dtype }: Value): boolean {
  return dtype === 'f32' || isHalfDtype(dtype);
}

/** The weights that a half-precision graph holds in 16 bits. */
export function isHeldInHalf(shape: Shape): boolean {
  return shape.length >= 2;
}
