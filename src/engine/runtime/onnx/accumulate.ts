import { sameShape } from '../../graph/shape';
import type { Graph, Node, Value } from '../../graph/types';

interface Addition {
  readonly product: Node<'matmul'>;
  readonly addend: Value;
}

/**
 * Finds sums whose one side is a matrix product that nothing else reads: Gemm computes `a·b + c` in one operator,
 * which spares writing the product and reading it again. A bias vector may be the other side as well.
 * @param apart products that another operator computes
 */
export function accumulatingAdds(
  graph: Graph,
  apart: ReadonlyMap<Node, unknown>,
): {
  readonly additions: ReadonlyMap<Node, Addition>;
  readonly absorbed: ReadonlySet<Node>;
} {
  const uses = new Map<Value, number>();
  for (const node of graph.nodes) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  for (const value of graph.outputs.values()) uses.set(value, (uses.get(value) ?? 0) + 1);

  const additions = new Map<Node, Addition>();
  const absorbed = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.op !== 'add') continue;
    const [a, b] = node.inputs as [Value, Value];
    for (const [value, addend] of [
      [b, a],
      [a, b],
    ] as const) {
      const product = value.node;
      if (product.op !== 'matmul' || apart.has(product) || value.shape.length !== 2 || uses.get(value) !== 1) continue;
      if (!sameShape(node.outputs[0]!.shape, value.shape) || addend === value) continue;
      // On WebGPU a Gemm that starts from a scalar ends the process (onnxruntime 1.30).
      if (addend.shape.length === 0) continue;
      additions.set(node, { product, addend });
      absorbed.add(product);
      break;
    }
  }
  return { additions, absorbed };
}
