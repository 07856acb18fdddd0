import type { Node, Op, Value } from '../../graph/types';
import { composedOps } from '../opGroups';
import { cachedAttentions } from './cachedAttention';
import type { Emitter } from './emitter';
import { inputSlots } from './lowering';
import type { Lowering, Lowerings } from './lowering';
import { norms } from './normLowerings';
import type { Slot } from './plan';
import { products } from './productLowerings';

/** A kernel of the same meaning, with the node's inputs in order. */
function direct(op: string): (e: Emitter, node: Node) => readonly Slot[] {
  return (e, node) => [e.kernel(op, inputSlots(e, node))];
}

function reduction(op: string): Lowering<'reduceSum' | 'reduceMax'> {
  return (e, node) => {
    const { axes, keepDims } = node.attributes;
    return [e.kernel(op, [e.slot(node.inputs[0]!), e.constant('i32', axes)], { keep_dims: keepDims })];
  };
}

/** 0 where a query may look, else -inf: same segment, not later, inside the window. */
const attentionMask: Lowering<'attentionMask'> = (e, node) => {
  const [positions, segments] = inputSlots(e, node) as [Slot, Slot];
  const asRows = (slot: Slot): Slot => e.kernel('ExpandDims', [e.kernel('ExpandDims', [slot, axis(1)]), axis(3)]);
  const asColumns = (slot: Slot): Slot => e.kernel('ExpandDims', [e.kernel('ExpandDims', [slot, axis(1)]), axis(2)]);
  const axis = (number: number): Slot => e.constant('i32', number);
  const [query, key] = [asRows(positions), asColumns(positions)];
  const same = e.kernel('Equal', [asRows(segments), asColumns(segments)]);
  let allowed = e.kernel('LogicalAnd', [same, e.kernel('LessEqual', [key, query])]);
  const { window } = node.attributes;
  if (window !== null) {
    const nearest = e.kernel('Sub', [query, e.constant('i32', window)]);
    allowed = e.kernel('LogicalAnd', [allowed, e.kernel('Greater', [key, nearest])]);
  }
  return [e.kernel('SelectV2', [allowed, e.constant('f32', 0), e.constant('f32', -Infinity)])];
};

/** Every op as TensorFlow kernels. Composed ops are gone before, by `decompose`. */
export const lowerings: Lowerings<Op> = {
  ...products,
  ...norms,
  ...cachedAttentions,
  ...composedOps,

  input: (e, { attributes: { name, dtype, shape } }) => [e.input(name, dtype, shape)],
  weight: (e, { attributes: { name, shape, dtype } }) => [e.weight(name, shape as readonly number[], dtype)],
  // TensorFlow has no kernel that widens as it multiplies: the weight is held wide, once for all who read it.
  unpack: (e, { attributes: { name, shape } }) => [e.weight(name, shape as readonly number[])],
  constant: (e, { attributes: { dtype, shape, data } }) => [e.table(dtype, shape, data)],
  attentionMask,
  add: direct('AddV2'),
  sub: direct('Sub'),
  mul: direct('Mul'),
  scale: (e, node) => {
    const [x] = node.inputs as [Value];
    return [e.kernel('Mul', [e.slot(x), e.constant(x.dtype, node.attributes.factor)])];
  },
  log: direct('Log'),
  tanh: direct('Tanh'),
  sigmoid: direct('Sigmoid'),
  silu: (e, node) => {
    const x = e.slot(node.inputs[0]!);
    return [e.kernel('Mul', [x, e.kernel('Sigmoid', [x])])];
  },
  keep: (e, node) => {
    const [x, mask] = inputSlots(e, node) as [Slot, Slot];
    return [e.kernel('SelectV2', [mask, x, e.constant(node.outputs[0]!.dtype, 0)])];
  },
  equal: direct('Equal'),
  toFloat: (e, node) => [e.kernel('Cast', inputSlots(e, node), { DstT: 'f32' })],
  cast: (e, node) => [e.kernel('Cast', inputSlots(e, node), { DstT: node.attributes.to })],
  gate: (e, node) => {
    const [x, after] = inputSlots(e, node) as [Slot, Slot];
    return [e.gate(x, after)];
  },
  transpose: (e, node) => {
    return [e.kernel('Transpose', [e.slot(node.inputs[0]!), e.constant('i32', node.attributes.permutation)])];
  },
  reshape: (e, node) => [e.reshape(e.slot(node.inputs[0]!), node.attributes.shape)],
  expand: (e, node) => [e.kernel('BroadcastTo', [e.slot(node.inputs[0]!), e.sizes(node.attributes.shape)])],
  reduceSum: reduction('Sum'),
  reduceMax: reduction('Max'),
  slice: (e, node) => {
    const { start, end, axis } = node.attributes;
    const { shape } = node.inputs[0]!;
    const begin = shape.map((_, i) => (i === axis ? start : 0));
    // -1 is all that there is.
    const size = shape.map((_, i) => (i === axis ? end - start : -1));
    return [e.kernel('Slice', [e.slot(node.inputs[0]!), e.constant('i32', begin), e.constant('i32', size)])];
  },
  concat: (e, node) => {
    const { attributes, inputs, outputs } = node;
    if (inputs.length === 1) return inputSlots(e, node);
    return [
      e.kernel('ConcatV2', [...inputSlots(e, node), e.constant('i32', attributes.axis)], {
        N: inputs.length,
        T: outputs[0]!.dtype,
        Tidx: 'i32',
      }),
    ];
  },
  gather: (e, node) => [e.kernel('GatherV2', [...inputSlots(e, node), e.constant('i32', 0)])],
  scatterAdd: (e, node) => {
    const [indices, updates] = inputSlots(e, node) as [Slot, Slot];
    return [e.kernel('UnsortedSegmentSum', [updates, indices, e.sizes(node.attributes.rows)])];
  },
  pick: (e, node) => [e.kernel('GatherV2', [...inputSlots(e, node), e.constant('i32', 1)], { batch_dims: 1 })],
  oneHot: (e, node) => {
    const [depth, on, off] = [e.constant('i32', node.attributes.depth), e.constant('f32', 1), e.constant('f32', 0)];
    return [e.kernel('OneHot', [e.slot(node.inputs[0]!), depth, on, off], { axis: -1 })];
  },
  softmax: direct('Softmax'),
};
