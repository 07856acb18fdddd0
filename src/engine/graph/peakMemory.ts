import { bindShape } from './shape';
import type { Graph, Node, Value } from './types';

const bytesOf = { f32: 4, f16: 2, bf16: 2, i32: 4, bool: 1 } as const;

/**
 * Bytes that the computed values of a graph need at once, at most, if its nodes run in their order and each result is
 * freed after its last use. Weights and constants are not counted.
 */
export function peakMemory(graph: Graph, symbols: ReadonlyMap<string, number>): number {
  const lastUse = new Map<Value, Node>();
  for (const node of graph.nodes) for (const input of node.inputs) lastUse.set(storage(input), node);
  for (const value of graph.outputs.values()) lastUse.delete(storage(value));
  const isOutput = new Set([...graph.outputs.values()].map(storage));

  let [live, peak] = [0, 0];
  for (const node of graph.nodes) {
    if (node.op !== 'weight' && node.op !== 'constant') {
      for (const value of node.outputs) {
        if (storage(value) === value && (lastUse.has(value) || isOutput.has(value))) live += size(value, symbols);
      }
    }
    peak = Math.max(peak, live);
    for (const input of new Set(node.inputs.map(storage))) {
      if (lastUse.get(input) !== node || input.node.op === 'weight' || input.node.op === 'constant') continue;
      live -= size(input, symbols);
    }
  }
  return peak;
}

/** A reshaped value lies where the original lies. */
function storage(value: Value): Value {
  return value.node.op === 'reshape' ? storage(value.node.inputs[0]!) : value;
}

function size({ dtype, shape }: Value, symbols: ReadonlyMap<string, number>): number {
  return bindShape(shape, symbols).reduce((product, dim) => product * dim, bytesOf[dtype]);
}
