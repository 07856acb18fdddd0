import type { GraphBuilder } from '../graph/builder';
import { knownSize } from '../graph/builder';
import type { Attributes, Node, Op, Shape, Value } from '../graph/types';
import { padded } from './pieces';

/**
 * The gradients with respect to a node's inputs, given those with respect to its results (`undefined`: zero).
 * `needs[i]` is false where nobody asks for input i: the rule then leaves it out.
 */
export type GradientRule<K extends Op> = (
  b: GraphBuilder,
  node: Node<K>,
  outputGradients: readonly (Value | undefined)[],
  needs: readonly boolean[],
) => readonly (Value | undefined)[];

/** No gradient passes: a leaf, an integer result, or an op that only ever occurs in a backward pass. */
export const notDifferentiable = 'not differentiable';

const unary =
  <K extends Op>(gradient: (b: GraphBuilder, x: Value, dy: Value, attributes: Attributes[K], y: Value) => Value) =>
  (b: GraphBuilder, node: Node<K>, [dy]: readonly (Value | undefined)[]): readonly (Value | undefined)[] => [
    gradient(b, node.inputs[0]!, dy!, node.attributes, node.outputs[0]!),
  ];

/** Gradient rules of all ops. A missing rule does not compile. */
export const gradientRules: { readonly [K in Op]: GradientRule<K> | typeof notDifferentiable } = {
  input: notDifferentiable,
  weight: notDifferentiable,
  constant: notDifferentiable,
  // Frozen, and the order of a schedule has no gradient.
  unpack: notDifferentiable,

  add: (b, { inputs: [x, y] }, [dz], needs) => [
    needs[0] === true ? sumTo(b, dz!, x!.shape) : undefined,
    needs[1] === true ? sumTo(b, dz!, y!.shape) : undefined,
  ],
  sub: (b, { inputs: [x, y] }, [dz], needs) => [
    needs[0] === true ? sumTo(b, dz!, x!.shape) : undefined,
    needs[1] === true ? b.scale(sumTo(b, dz!, y!.shape), -1) : undefined,
  ],
  mul: (b, { inputs: [x, y] }, [dz], needs) => [
    needs[0] === true ? sumTo(b, b.mul(dz!, y!), x!.shape) : undefined,
    needs[1] === true ? sumTo(b, b.mul(dz!, x!), y!.shape) : undefined,
  ],
  scale: unary<'scale'>((b, _, dy, { factor }) => b.scale(dy, factor)),
  log: notDifferentiable,
  tanh: unary<'tanh'>((b, _, dy, __, y) => b.mul(dy, b.sub(b.scalar(1), b.mul(y, y)))),
  sigmoid: unary<'sigmoid'>((b, _, dy, __, y) => b.mul(dy, b.mul(y, b.sub(b.scalar(1), y)))),
  silu: unary<'silu'>((b, x, dy) => b.op('siluGrad', {}, x, dy)),
  siluGrad: notDifferentiable,
  swiglu: (b, node, [dy]) => b.node('swigluGrad', {}, node.inputs[0]!, node.inputs[1]!, dy!).outputs,
  swigluGrad: notDifferentiable,
  gelu: unary<'gelu'>((b, x, dy, attributes) => b.op('geluGrad', attributes, x, dy)),
  geluGrad: notDifferentiable,
  keep: (b, node, [dy]) => [b.op('keep', {}, dy!, node.inputs[1]!), undefined],
  equal: notDifferentiable,
  toFloat: notDifferentiable,
  // Precision is chosen for the finished graph.
  cast: notDifferentiable,
  gate: (_, __, [dy]) => [dy, undefined],

  matmul: matmulGradient,
  transpose: unary<'transpose'>((b, _, dy, { permutation }) =>
    b.transpose(
      dy,
      permutation.map((__, axis) => permutation.indexOf(axis)),
    ),
  ),
  reshape: unary<'reshape'>((b, x, dy) => b.reshape(dy, x.shape)),
  expand: unary<'expand'>((b, x, dy) => sumTo(b, dy, x.shape)),
  reduceSum: unary<'reduceSum'>((b, x, dy, { axes, keepDims }) => {
    const kept = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    return b.expand(keepDims ? dy : b.reshape(dy, kept), x.shape);
  }),
  reduceMax: notDifferentiable,
  slice: unary<'slice'>((b, x, dy, { axis, start }) => padded(b, dy, x.shape, axis, start)),
  concat: (b, { inputs, attributes: { axis } }, [dy], needs) => {
    let end = 0;
    return inputs.map((input, i) => {
      const start = end;
      end += knownSize(input.shape[axis]);
      return needs[i] === true ? b.slice(dy!, axis, start, end) : undefined;
    });
  },

  gather: (b, { inputs: [table, indices] }, [dy]) => {
    const flat = b.reshape(indices!, b.flatten(dy!).shape.slice(0, 1));
    return [b.op('scatterAdd', { rows: table!.shape[0]! }, flat, b.flatten(dy!)), undefined];
  },
  scatterAdd: notDifferentiable,
  pick: notDifferentiable,
  oneHot: notDifferentiable,

  softmax: unary<'softmax'>((b, x, dy, _, y) => {
    const rows = b.reduceSum(b.mul(dy, y), [x.shape.length - 1], true);
    return b.mul(y, b.sub(dy, rows));
  }),
  rmsNorm: (b, { inputs: [x, weight], attributes }, [dy], needs) => [
    needs[0] === true ? b.op('rmsNormGrad', attributes, x!, weight!, dy!) : undefined,
    needs[1] === true ? b.op('rmsNormWeightGrad', attributes, x!, dy!) : undefined,
  ],
  rmsNormGrad: notDifferentiable,
  rmsNormWeightGrad: notDifferentiable,
  layerNorm: (b, { inputs: [x, weight, bias], attributes }, [dy], needs) => [
    needs[0] === true ? b.op('layerNormGrad', attributes, x!, weight!, dy!) : undefined,
    needs[1] === true ? b.op('layerNormWeightGrad', attributes, x!, dy!) : undefined,
    needs[2] === true ? sumTo(b, dy!, bias!.shape) : undefined,
  ],
  layerNormGrad: notDifferentiable,
  layerNormWeightGrad: notDifferentiable,
  // A rotation's transpose is the rotation back.
  rope: (b, { inputs: [, positions, cos, sin] }, [dy]) => [b.op('rope', {}, dy!, positions!, cos!, b.scale(sin!, -1))],
  attentionMask: notDifferentiable,
  attention: (b, node, [dy]) => [
    ...b.node('attentionGrad', node.attributes, node.inputs[0]!, node.inputs[1]!, node.inputs[2]!, node.inputs[3]!, dy!)
      .outputs,
    undefined,
  ],
  attentionGrad: notDifferentiable,
  // Nothing is learnt from a text while it is continued.
  cacheMask: notDifferentiable,
  cachedAttention: notDifferentiable,
  crossEntropy: (b, { inputs: [logits, labels] }, [dy]) => {
    const hot = b.op('oneHot', { depth: knownSize(logits!.shape[1]) }, labels!);
    return [b.mul(b.sub(b.softmax(logits!), hot), dy!), undefined];
  },
  countCorrect: notDifferentiable,
};

/** C = alpha·op(A)·op(B): dA = alpha·dC·op(B)ᵀ and dB = alpha·op(A)ᵀ·dC, transposed where A or B were. */
function matmulGradient(
  b: GraphBuilder,
  node: Node<'matmul'>,
  [dc]: readonly (Value | undefined)[],
  needs: readonly boolean[],
): readonly (Value | undefined)[] {
  const [x, y] = node.inputs as [Value, Value];
  const { transposeA, transposeB, alpha } = node.attributes;
  const dx = (): Value =>
    transposeA
      ? b.matmul(y, dc!, { transposeA: transposeB, transposeB: true, alpha })
      : b.matmul(dc!, y, { transposeB: !transposeB, alpha });
  const dy = (): Value =>
    transposeB
      ? b.matmul(dc!, x, { transposeA: true, transposeB: transposeA, alpha })
      : b.matmul(x, dc!, { transposeA: !transposeA, alpha });
  return [needs[0] === true ? dx() : undefined, needs[1] === true ? dy() : undefined];
}

/** Undoes broadcasting: sums over the axes along which a value of shape `shape` was repeated. */
function sumTo(b: GraphBuilder, dy: Value, shape: Shape): Value {
  const extra = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((dim, axis) =>
    axis < extra || (shape[axis - extra] === 1 && dim !== 1) ? [axis] : [],
  );
  return b.reshape(b.reduceSum(dy, axes), shape);
}
