import { rewrite } from './rewrite';
import { isNeverEmpty, symbolsOf } from './shape';
import type { GraphBuilder } from './builder';
import type { Graph, Node, Value } from './types';

/** A graph that may be run with size 1 in place of 0, if its presence inputs say so. */
export interface NonEmpty {
  readonly graph: Graph;
  /** For each symbol that may be 0, the f32 scalar input that is 1 where the symbol has a size, and 0 where it is 0. */
  readonly presence: ReadonlyMap<string, string>;
}

/**
 * For devices that cannot compute with tensors of no elements. A symbol of size 0 is run as 1, on inputs of zeros, and
 * whatever sums over it is multiplied by its presence: a sum over nothing is 0. Whoever runs the graph feeds the
 * presences and cuts results with such a symbol in their shape to nothing.
 */
export function nonEmpty(graph: Graph): NonEmpty {
  const presence = new Map<string, string>();
  const present = (b: GraphBuilder, symbol: string): Value => {
    const name = `presence of ${symbol}`;
    presence.set(symbol, name);
    return b.input(name, 'f32', []);
  };
  const rewritten = rewrite(graph, (node, inputs, b) => {
    const summed = summedSymbols(node);
    if (summed.length === 0) return undefined;
    if (node.op === 'reduceMax') throw new Error('The largest of no numbers cannot be computed');
    const { outputs } = b.node(node.op, node.attributes, ...inputs);
    return outputs.map((output) => summed.reduce((value, symbol) => b.mul(value, present(b, symbol)), output));
  });
  return { graph: rewritten, presence };
}

/** Symbols that may be 0, that the inputs have and the results do not. */
function summedSymbols(node: Node): readonly string[] {
  // What a gate waits for is not read, rows that are looked up are not summed, and a store's mask closes what is not there.
  if (node.op === 'gate' || node.op === 'gather' || node.op === 'cachedAttention') return [];
  const kept = new Set(node.outputs.flatMap(({ shape }) => symbolsOf(shape)));
  const read = new Set(node.inputs.flatMap(({ shape }) => symbolsOf(shape)));
  return [...read].filter((symbol) => !kept.has(symbol) && !isNeverEmpty(symbol));
}
