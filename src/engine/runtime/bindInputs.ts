import { bindSymbols } from '../graph/shape';
import type { Dtype, Graph } from '../graph/types';

interface GivenInput {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/**
 * The sizes of the symbols in a run. Throws where an input of the graph is missing, has another type or shape than
 * the graph declares, or disagrees with another one on the size of a symbol.
 */
export function bindInputs(graph: Graph, inputs: Readonly<Record<string, GivenInput>>): ReadonlyMap<string, number> {
  const declared = graph.nodes.flatMap((node) => {
    if (node.op !== 'input') return [];
    const { name, dtype, shape } = node.attributes;
    const given = inputs[name];
    if (given === undefined) throw new Error(`Input ${name} is missing`);
    if (given.dtype !== dtype) throw new Error(`Input ${name} is ${given.dtype}, expected ${dtype}`);
    return [{ name, shape, actual: given.shape }];
  });
  return bindSymbols(declared);
}
