import type { Node, Op, Reduction, Value } from '../../graph/types';
import { composedOps } from '../opGroups';
import { cachedAttentions } from './cachedAttention';
import { products } from './productLowerings';
import { asHeld, unpack } from './packedWeights';
import { elementType } from './proto';
import { norms } from './normLowerings';
import type { Emitter } from './emitter';
import { inputNames, resultName } from './lowering';
import type { Lowerings } from './lowering';

/** An operator of the same meaning, with the node's inputs in order. */
function direct(op: string, domain = ''): (e: Emitter, node: Node) => void {
  return (e, node) => {
    e.node(op, inputNames(e, node), {}, { domain, output: resultName(e, node) });
  };
}

function reduction(op: string) {
  return (e: Emitter, node: Node<'reduceSum' | 'reduceMax'>): void => {
    const { axes, keepDims }: Reduction = node.attributes;
    e.node(
      op,
      [e.name(node.inputs[0]!), e.constant('i64', axes)],
      // Without axes ONNX would reduce all of them.
      { keepdims: Number(keepDims), noop_with_empty_axes: 1 },
      { output: resultName(e, node) },
    );
  };
}

function weight(e: Emitter, { attributes, outputs: [value] }: Node<'weight'>): void {
  const { name, shape } = attributes;
  const dtype = attributes.dtype ?? 'f32';
  const data = e.weights(name);
  if (data.kind === 'blocks') throw new Error(`${name} is held in blocks and read as a whole`);
  const held = asHeld(data, shape as readonly number[], dtype);
  const stored = held.type === dtype ? e.name(value!) : `${e.name(value!)} (${held.type})`;
  e.initializer({ name: stored, ...held });
  // The runtime folds this cast when the model is loaded.
  if (held.type !== dtype) e.node('Cast', [stored], { to: elementType[dtype] }, { output: e.name(value!) });
}

function constant(e: Emitter, node: Node<'constant'>): void {
  const { dtype, shape, data } = node.attributes;
  const array =
    dtype === 'f32' ? Float32Array.from(data) : dtype === 'i32' ? Int32Array.from(data) : Uint8Array.from(data);
  e.initializer({ name: resultName(e, node), type: dtype, shape, data: new Uint8Array(array.buffer) });
}

/** 1 where a query may look: same segment, not later, inside the window; as a mask of 0 and -inf. */
function attentionMask(e: Emitter, node: Node<'attentionMask'>): void {
  const [positions, segments] = inputNames(e, node) as [string, string];
  const asRows = (name: string): string => e.node('Unsqueeze', [name, e.constant('i64', [1, 3])]);
  const asColumns = (name: string): string => e.node('Unsqueeze', [name, e.constant('i64', [1, 2])]);
  const [query, key] = [asRows(positions), asColumns(positions)];
  const same = e.node('Equal', [asRows(segments), asColumns(segments)]);
  let allowed = e.node('And', [same, e.node('LessOrEqual', [key, query])]);
  const { window } = node.attributes;
  if (window !== null) {
    const nearest = e.node('Sub', [query, e.constant('i32', window)]);
    allowed = e.node('And', [allowed, e.node('Greater', [key, nearest])]);
  }
  const [open, closed] = [e.constant('f32', 0), e.constant('f32', -Infinity)];
  e.node('Where', [allowed, open, closed], {}, { output: resultName(e, node) });
}

function gate(e: Emitter, node: Node<'gate'>): void {
  const [x, after] = node.inputs as [Value, Value];
  e.gate(e.name(x), x.shape, after, resultName(e, node));
}

/** Emission of every op as ONNX operators. Composed ops are gone before, by `decompose`. */
export const lowerings: Lowerings<Op> = {
  ...products,
  ...norms,
  ...cachedAttentions,
  ...composedOps,

  input: (e, { attributes: { name, dtype, shape } }) => e.input({ name, type: dtype, shape }),
  weight,
  unpack,
  constant,
  attentionMask,
  add: direct('Add'),
  sub: direct('Sub'),
  mul: direct('Mul'),
  scale: (e, node) => {
    const [x] = node.inputs as [Value];
    const factor = e.constant(x.dtype, node.attributes.factor);
    e.node('Mul', [e.name(x), factor], {}, { output: resultName(e, node) });
  },
  log: direct('Log'),
  tanh: direct('Tanh'),
  sigmoid: direct('Sigmoid'),
  silu: (e, node) => {
    // x · σ(alpha·x) with alpha 1 is SiLU.
    e.node(
      'QuickGelu',
      inputNames(e, node),
      { alpha: { float: 1 } },
      { domain: 'com.microsoft', output: resultName(e, node) },
    );
  },
  keep: (e, node) => {
    const [x, mask] = inputNames(e, node) as [string, string];
    const zero = e.constant(node.outputs[0]!.dtype, 0);
    e.node('Where', [mask, x, zero], {}, { output: resultName(e, node) });
  },
  equal: direct('Equal'),
  toFloat: (e, node) => {
    e.node('Cast', inputNames(e, node), { to: 1 }, { output: resultName(e, node) });
  },
  cast: (e, node) => {
    const to = elementType[node.attributes.to];
    e.node('Cast', inputNames(e, node), { to }, { output: resultName(e, node) });
  },
  gate,
  transpose: (e, node) => {
    e.node('Transpose', inputNames(e, node), { perm: node.attributes.permutation }, { output: resultName(e, node) });
  },
  reshape: (e, node) => {
    const [x] = node.inputs as [Value];
    e.reshape(e.name(x), x.shape, node.attributes.shape, resultName(e, node));
  },
  expand: (e, node) => {
    const shape = e.shape(node.attributes.shape);
    e.node('Expand', [e.name(node.inputs[0]!), shape], {}, { output: resultName(e, node) });
  },
  reduceSum: reduction('ReduceSum'),
  reduceMax: reduction('ReduceMax'),
  slice: (e, node) => {
    const { start, end, axis } = node.attributes;
    const range = [start, end, axis].map((entry) => e.constant('i64', [entry]));
    e.node('Slice', [e.name(node.inputs[0]!), ...range], {}, { output: resultName(e, node) });
  },
  concat: (e, node) => {
    e.node('Concat', inputNames(e, node), { axis: node.attributes.axis }, { output: resultName(e, node) });
  },
  gather: (e, node) => {
    e.node('Gather', inputNames(e, node), { axis: 0 }, { output: resultName(e, node) });
  },
  scatterAdd: (e, node) => {
    const [indices, updates] = node.inputs as [Value, Value];
    const zeros = e.node('Expand', [e.constant('f32', 0), e.shape([node.attributes.rows, updates.shape[1]!])]);
    const column = e.node('Unsqueeze', [e.name(indices), e.constant('i64', [1])]);
    // Not ScatterND: its threads add to one row at the same time and lose updates.
    const rows = e.node('Expand', [column, e.shape(updates.shape)]);
    const attributes = { axis: 0, reduction: 'add' };
    e.node('ScatterElements', [zeros, rows, e.name(updates)], attributes, { output: resultName(e, node) });
  },
  pick: (e, node) => {
    const [x, indices] = inputNames(e, node) as [string, string];
    const axis = e.constant('i64', [1]);
    const picked = e.node('GatherElements', [x, e.node('Unsqueeze', [indices, axis])], { axis: 1 });
    e.node('Squeeze', [picked, axis], {}, { output: resultName(e, node) });
  },
  oneHot: (e, node) => {
    // Not OneHot, which WebGPU leaves to the processor.
    const { depth } = node.attributes;
    const numbers = e.shared(`numbers below ${depth}`, () => {
      const data = new Uint8Array(Int32Array.from({ length: depth }, (_, i) => i).buffer);
      return { type: 'i32', shape: [depth], data };
    });
    const column = e.node('Unsqueeze', [e.name(node.inputs[0]!), e.constant('i64', [-1])]);
    e.node('Cast', [e.node('Equal', [column, numbers])], { to: elementType.f32 }, { output: resultName(e, node) });
  },
  softmax: (e, node) => {
    e.node('Softmax', inputNames(e, node), { axis: -1 }, { output: resultName(e, node) });
  },
};
