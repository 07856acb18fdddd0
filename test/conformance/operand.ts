import type { Dtype, Shape } from '../../src/engine/graph/types';
import type { Tensor } from '../../src/engine/runtime/runtime';
import type { RandomNumbers } from './randomNumbers';

/** What goes into an op: how it comes into the graph, its declared shape, and its numbers in a run. */
export interface Operand {
  readonly source: 'input' | 'weight' | 'constant';
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly fill: (random: RandomNumbers, sizes: readonly number[]) => ArrayLike<number>;
}

function each(sizes: readonly number[], number: () => number): number[] {
  return Array.from({ length: sizes.reduce((product, size) => product * size, 1) }, number);
}

/** Normally distributed f32 numbers. */
export function normal(shape: Shape, scale = 1): Operand {
  return { source: 'input', dtype: 'f32', shape, fill: (random, sizes) => each(sizes, () => scale * random.normal()) };
}

/** Numbers between 0.01 and 10.01, for logarithms. */
export function positive(shape: Shape): Operand {
  const fill: Operand['fill'] = (random, sizes) => each(sizes, () => 0.01 + 10 * random.uniform());
  return { source: 'input', dtype: 'f32', shape, fill };
}

/** Whole i32 numbers from 0 to limit − 1. */
export function below(limit: number, shape: Shape): Operand {
  return { source: 'input', dtype: 'i32', shape, fill: (random, sizes) => each(sizes, () => random.below(limit)) };
}

/** 0 or 1. */
export function bools(shape: Shape): Operand {
  return { source: 'input', dtype: 'bool', shape, fill: (random, sizes) => each(sizes, () => random.below(2)) };
}

/** Given numbers. */
export function values(data: readonly number[], shape: Shape = [data.length], dtype: Dtype = 'f32'): Operand {
  return { source: 'input', dtype, shape, fill: () => data };
}

export function asWeight(operand: Operand): Operand {
  return { ...operand, source: 'weight' };
}
export function asConstant(operand: Operand): Operand {
  return { ...operand, source: 'constant' };
}

export function tensor(dtype: Dtype, shape: readonly number[], data: ArrayLike<number>): Tensor {
  switch (dtype) {
    case 'f32':
      return { dtype, shape, data: Float32Array.from(data) };
    case 'i32':
      return { dtype, shape, data: Int32Array.from(data) };
    case 'bool':
      return { dtype, shape, data: Uint8Array.from(data) };
  }
}
