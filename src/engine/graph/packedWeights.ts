import { rewrite } from './rewrite';
import { isHalfDtype } from './types';
import type { Graph, Value } from './types';

/**
 * Frozen matrices that are held in fewer bits: each product of a block reads an `unpack` of its own, which waits for
 * the product's other side. So a matrix is wide only while it is multiplied, in the forward and in the backward pass.
 *
 * @param isPacked whether a weight is held so. Those that are also read by something else, and those that are read in half
 * precision, are left as they are.
 */
export function unpackWhereUsed(graph: Graph, isPacked: (name: string) => boolean): Graph {
  const wide = readAsAWhole(graph);
  return rewrite(graph, ({ op, attributes, inputs: old }, inputs, b) => {
    const weight = old[1];
    if (op !== 'matmul' || weight?.node.op !== 'weight' || isHalfDtype(weight.dtype) || wide.has(weight))
      return undefined;
    const { name } = weight.node.attributes;
    if (!isPacked(name)) return undefined;
    const [x] = inputs as [Value, Value];
    return [b.matmul(x, b.op('unpack', { name, shape: weight.shape }, x), attributes)];
  });
}

/** Weights that are read elsewhere than on the right side of a block's product. */
function readAsAWhole(graph: Graph): ReadonlySet<Value> {
  const wide = new Set(graph.outputs.values());
  for (const { op, block, inputs } of graph.nodes) {
    inputs.forEach((input, i) => {
      if (op !== 'matmul' || block === undefined || i !== 1) wide.add(input);
    });
  }
  return wide;
}
