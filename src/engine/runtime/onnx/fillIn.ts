import { bindShape } from '../../graph/shape';
import type { Graph, Shape, Value } from '../../graph/types';
import { bool, f32, i32 } from '../runtime';
import type { Tensor, Tensors } from '../runtime';

/** The inputs for a graph made by `nonEmpty`: those of no elements become zeros, and each symbol's presence is told. */
export function filledIn(
  graph: Graph,
  inputs: Tensors,
  symbols: ReadonlyMap<string, number>,
  presence: ReadonlyMap<string, string>,
): Tensors {
  const filled = new Map([...symbols].map(([symbol, size]) => [symbol, Math.max(1, size)]));
  const given: Record<string, Tensor> = {};
  for (const node of graph.nodes) {
    if (node.op !== 'input') continue;
    const { name, shape } = node.attributes;
    const tensor = inputs[name]!;
    given[name] = isFilled(shape, symbols, filled) ? zeros(tensor.dtype, bindShape(shape, filled)) : tensor;
  }
  for (const [symbol, name] of presence) given[name] = f32(Float32Array.of(symbols.get(symbol) === 0 ? 0 : 1), []);
  return given;
}

/** A result as it is with the true sizes: of no elements where it was computed from what was filled in. */
export function cutToSize(result: Tensor, { shape }: Value, symbols: ReadonlyMap<string, number>): Tensor {
  const sizes = bindShape(shape, symbols);
  return sizes.includes(0) ? zeros(result.dtype, sizes) : result;
}

function isFilled(shape: Shape, symbols: ReadonlyMap<string, number>, filled: ReadonlyMap<string, number>): boolean {
  return bindShape(shape, symbols).some((size, axis) => size !== bindShape(shape, filled)[axis]);
}

function zeros(dtype: Tensor['dtype'], shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  switch (dtype) {
    case 'f32':
      return f32(new Float32Array(count), shape);
    case 'i32':
      return i32(new Int32Array(count), shape);
    case 'bool':
      return bool(new Uint8Array(count), shape);
  }
}
