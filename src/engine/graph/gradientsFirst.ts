import { GraphBuilder } from './builder';
import type { Graph, Value } from './types';

/**
 * The backward pass leaves a block only when the gradients of what is trained in it are there. They are results of the
 * graph that nothing else reads, so a runtime may leave them for the end and hold the inputs of all of them until then.
 */
export function gradientsFirst(graph: Graph): Graph {
  const b = new GraphBuilder();
  const renamed = new Map<Value, Value>();
  const results = new Set(graph.outputs.values());
  /** Block → the gradients found in it so far, in the new graph. */
  const found = new Map<number, Value[]>();
  const gated = new Map<Value, Value>();

  const leave = (gradient: Value): Value => {
    const known = gated.get(gradient);
    if (known !== undefined) return known;
    const { node } = gradient;
    const own = found.get(node.block!);
    let value = renamed.get(gradient)!;
    if (own !== undefined) value = b.within(node, () => b.gate(value, firstNumbers(b, own)));
    gated.set(gradient, value);
    return value;
  };

  for (const node of graph.nodes) {
    const isLeft = ({ dtype, node: { phase, block } }: Value): boolean =>
      node.phase === 'backward' &&
      phase === 'backward' &&
      block !== undefined &&
      block !== node.block &&
      dtype === 'f32';
    const inputs = node.inputs.map((input) => (isLeft(input) ? leave(input) : renamed.get(input)!));
    const copy = b.within(node, () => b.node(node.op, node.attributes, ...inputs));
    node.outputs.forEach((output, i) => {
      renamed.set(output, copy.outputs[i]!);
      const { block, phase } = node;
      if (!results.has(output) || phase !== 'backward' || block === undefined) return;
      found.set(block, [...(found.get(block) ?? []), copy.outputs[i]!]);
    });
  }
  return b.finish(Object.fromEntries([...graph.outputs].map(([name, value]) => [name, renamed.get(value)!])));
}

/** The first number of each value, [n]: there when all values are. */
function firstNumbers(b: GraphBuilder, values: readonly Value[]): Value {
  const numbers = values.map((value) => {
    const one = value.shape.reduce((part, _, axis) => b.slice(part, axis, 0, 1), value);
    return b.reshape(one, [1]);
  });
  return numbers.length === 1 ? numbers[0]! : b.op('concat', { axis: 0 }, ...numbers);
}
