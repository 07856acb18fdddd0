import { GraphBuilder } from './builder';
import type { Graph, Node, Value } from './types';

/**
 * Replaces a node: gets it with its inputs in the new graph, and gives its results there,
 * or `undefined` to keep the node as it is.
 */
export type RewriteRule = (node: Node, inputs: readonly Value[], b: GraphBuilder) => readonly Value[] | undefined;

/** A new graph in which `rule` has been asked about each node once, in order, and `asResult` about each of its results. */
export function rewrite(
  graph: Graph,
  rule: RewriteRule,
  asResult: (value: Value, b: GraphBuilder) => Value = (value) => value,
): Graph {
  const b = new GraphBuilder();
  const renamed = new Map<Value, Value>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => renamed.get(input)!);
    const outputs = b.within(node, () => rule(node, inputs, b) ?? b.node(node.op, node.attributes, ...inputs).outputs);
    node.outputs.forEach((value, i) => renamed.set(value, outputs[i]!));
  }
  const results = [...graph.outputs].map(([name, value]) => [name, asResult(renamed.get(value)!, b)] as const);
  return b.finish(Object.fromEntries(results));
}
