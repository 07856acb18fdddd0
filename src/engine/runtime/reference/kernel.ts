import type { Attributes, Op, Shape } from '../../graph/types';
import type { DenseArray } from './array';

/** What a kernel may ask for besides its inputs. */
export interface KernelContext {
  /** An input of this run. */
  readonly input: (name: string) => DenseArray;
  readonly weight: (name: string) => DenseArray;
  /** The sizes of a shape in this run. */
  readonly bind: (shape: Shape) => number[];
}

/** Computes the results of an op in float64. */
export type Kernel<K extends Op> = (
  inputs: readonly DenseArray[],
  attributes: Attributes[K],
  context: KernelContext,
) => readonly DenseArray[];

/** A table of kernels for some ops. */
export type Kernels<K extends Op> = { readonly [P in K]: Kernel<P> };
