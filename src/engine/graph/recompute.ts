import { GraphBuilder } from './builder';
import type { Graph, Node, Value } from './types';

/**
 * Recomputation (gradient checkpointing): the backward pass of a block reads clones of the block's forward nodes
 * instead of holding their results since the forward pass. Only what lies on a block's border, and nodes that
 * `keep` names, are held.
 *
 * A clone must not run before the gradient reaches its block, or all of them would be computed ahead and nothing
 * be saved: where a clone reads nothing but held values, the smallest of them passes a gate behind that gradient.
 */
export function recompute(graph: Graph, keep: (node: Node) => boolean): Graph {
  const b = new GraphBuilder();
  const renamed = new Map<Value, Value>();
  const clones = new Map<Value, Value>();
  const incoming = incomingGradients(graph);

  const isRecomputed = (value: Value, block: number | undefined): boolean =>
    block !== undefined &&
    value.node.phase === 'forward' &&
    value.node.block === block &&
    value.node.inputs.length > 0 &&
    incoming.has(block) &&
    !keep(value.node);

  const clone = (value: Value): Value => {
    const known = clones.get(value);
    if (known !== undefined) return known;
    const { node } = value;
    const block = node.block!;
    const inputs = node.inputs.map((input) => (isRecomputed(input, block) ? clone(input) : renamed.get(input)!));
    if (!node.inputs.some((input) => isRecomputed(input, block))) {
      const smallest = smallestInput(node);
      inputs[smallest] = b.gate(inputs[smallest]!, renamed.get(incoming.get(block)!)!);
    }
    const copy = b.within({ scope: node.scope, block, phase: 'backward' }, () =>
      b.node(node.op, node.attributes, ...inputs),
    );
    node.outputs.forEach((output, i) => clones.set(output, copy.outputs[i]!));
    return clones.get(value)!;
  };

  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) =>
      node.phase === 'backward' && isRecomputed(input, node.block) ? clone(input) : renamed.get(input)!,
    );
    const copy = b.within(node, () => b.node(node.op, node.attributes, ...inputs));
    node.outputs.forEach((output, i) => renamed.set(output, copy.outputs[i]!));
  }
  return b.finish(Object.fromEntries([...graph.outputs].map(([name, value]) => [name, renamed.get(value)!])));
}

/** Holds everything but what costs little to compute again: norms and activations. */
export function keepProducts(node: Node): boolean {
  return !(['rmsNorm', 'layerNorm', 'silu', 'swiglu', 'gelu'] as string[]).includes(node.op);
}

/** Holds nothing inside a block. */
export function keepNothing(): boolean {
  return false;
}

/** The gradient with which the backward pass of each block begins. */
function incomingGradients(graph: Graph): Map<number, Value> {
  const incoming = new Map<number, Value>();
  for (const node of graph.nodes) {
    const { block } = node;
    if (node.phase !== 'backward' || block === undefined || incoming.has(block)) continue;
    const gradient = node.inputs.find(
      (input) => input.node.phase === 'backward' && input.node.block !== block && input.dtype === 'f32',
    );
    if (gradient !== undefined) incoming.set(block, gradient);
  }
  return incoming;
}

/** Index of the f32 input that is cheapest to copy; never a frozen matrix, which runtimes keep in a form of their own. */
function smallestInput(node: Node): number {
  const costs = node.inputs.map((input) => {
    if (input.dtype !== 'f32' || (input.node.op === 'weight' && input.shape.length > 1)) return Infinity;
    return input.shape.reduce<number>((size, dim) => size * (typeof dim === 'number' ? dim : 1024), 1);
  });
  return costs.indexOf(Math.min(...costs));
}
