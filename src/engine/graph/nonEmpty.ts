import { rewrite } from './rewrite';
import { isNeverEmpty, symbolsOf } from './shape';
import type { GraphBuilder } from './builder';
import { isHalfDtype } from './types';
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
    if (node.op === 'cachedAttention') return [closedWhereAbsent(node, inputs, b, present)];
    const summed = summedSymbols(node);
    if (summed.length === 0) return undefined;
    if (node.op === 'reduceMax') throw new Error('The largest of no numbers cannot be computed');
    const { outputs } = b.node(node.op, node.attributes, ...inputs);
    return outputs.map((output) => {
      const asOutput = (factor: Value): Value => (isHalfDtype(output.dtype) ? b.cast(factor, output.dtype) : factor);
      return summed.reduce((value, symbol) => b.mul(value, asOutput(present(b, symbol))), output);
    });
  });
  return { graph: rewritten, presence };
}

/** Attention to no earlier positions: the one that is run in their place is as good as closed. */
function closedWhereAbsent(
  { attributes, inputs: old }: Node<'cachedAttention'>,
  inputs: readonly Value[],
  b: GraphBuilder,
  present: (b: GraphBuilder, symbol: string) => Value,
): Value {
  const past = old[4]!.shape[2]!;
  if (typeof past !== 'string' || isNeverEmpty(past)) return b.op('cachedAttention', attributes, ...inputs);
  // 0 where there are some; else less than any score, and yet finite: infinity times 0 is no number.
  const closing = b.scale(b.add(present(b, past), b.scalar(-1)), 3e38);
  return b.op('cachedAttention', attributes, ...inputs.slice(0, 6), b.add(inputs[6]!, closing));
}

/** Symbols that may be 0, that the inputs have and the results do not. */
function summedSymbols(node: Node): readonly string[] {
  // What a gate waits for is not read, and rows that are looked up are not summed.
  if (node.op === 'gate' || node.op === 'gather') return [];
  const kept = new Set(node.outputs.flatMap(({ shape }) => symbolsOf(shape)));
  const read = new Set(node.inputs.flatMap(({ shape }) => symbolsOf(shape)));
  return [...read].filter((symbol) => !kept.has(symbol) && !isNeverEmpty(symbol));
}
