import type { GraphBuilder } from './builder';
import { rewrite } from './rewrite';
import type { Graph, Value } from './types';

/**
 * Products of stacked matrices as transpositions, products and factors, for devices whose stacked product knows
 * neither. A transposition of a transposed operand becomes one.
 */
export function plainProducts(graph: Graph): Graph {
  return rewrite(graph, ({ op, attributes, outputs }, inputs, b) => {
    if (op !== 'matmul' || outputs[0]!.shape.length === 2) return undefined;
    const { transposeA, transposeB, alpha } = attributes;
    const [x, y] = inputs as [Value, Value];
    const [left, right] = [transposeA ? turned(b, x) : x, transposeB ? turned(b, y) : y];
    // Attention's scores are larger than what they are made of: the factor goes where there is less to multiply.
    const isLarge = outputs[0]!.shape.slice(-2).every((dim) => typeof dim === 'string');
    return [isLarge ? b.matmul(b.scale(left, alpha), right) : b.scale(b.matmul(left, right), alpha)];
  });
}

/** The matrices of a stack, transposed. */
function turned(b: GraphBuilder, x: Value): Value {
  const last = x.shape.length - 1;
  const order = x.shape.map((_, axis) => (axis === last ? last - 1 : axis === last - 1 ? last : axis));
  if (x.node.op !== 'transpose') return b.transpose(x, order);
  const { permutation } = x.node.attributes;
  const joined = order.map((axis) => permutation[axis]!);
  const original = x.node.inputs[0]!;
  return joined.every((axis, i) => axis === i) ? original : b.transpose(original, joined);
}
