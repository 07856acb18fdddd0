import type { Dim, Dtype, FloatDtype, Shape } from '../../graph/types';
import type { OpAttribute } from './binding';

/** A place for a tensor during a run. */
export type Slot = number;

export interface Kernel {
  readonly op: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly Slot[];
  /** What must have been computed before, though it is not read. */
  readonly after?: readonly Slot[];
  readonly results: readonly Slot[];
  /** The op of the graph that it belongs to, for profiles. */
  readonly of: string;
}

/** Sizes that follow from the symbols of a run, as an i32 vector or, for one size, scalar. */
export interface Sizes {
  readonly slot: Slot;
  readonly sizes: Shape | Dim;
}

export interface Constant {
  readonly slot: Slot;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/**
 * A frozen weight of some shape. One in half precision is given as its bytes, two for each number: the binding has no such
 * tensors, and TensorFlow reads the bytes as what they are, without a copy.
 */
export interface PlannedWeight {
  readonly slot: Slot;
  readonly name: string;
  readonly dtype: FloatDtype;
  readonly shape: readonly number[];
}

/** What is given to TensorFlow for a weight. */
export function givenAs({ dtype, shape }: PlannedWeight): Given {
  return dtype === 'f32' ? { dtype, shape } : { dtype: 'u8', shape: [...shape, 2] };
}

interface Given {
  readonly dtype: 'f32' | 'u8';
  readonly shape: readonly number[];
}

/** A graph as a list of TensorFlow kernels. */
export interface Plan {
  readonly slots: number;
  readonly inputs: readonly {
    readonly slot: Slot;
    readonly name: string;
    readonly dtype: Dtype;
    readonly shape: Shape;
  }[];
  readonly weights: readonly PlannedWeight[];
  readonly constants: readonly Constant[];
  readonly sizes: readonly Sizes[];
  readonly kernels: readonly Kernel[];
  readonly outputs: readonly {
    readonly slot: Slot;
    readonly name: string;
    readonly dtype: Dtype;
    readonly shape: Shape;
  }[];
}

/**
 * For each kernel the slots whose tensors nothing reads after it. Weights and constants stay for the next run, and
 * results of the graph until they have been read.
 */
export function lastUses({ kernels, outputs, weights, constants }: Plan): readonly (readonly Slot[])[] {
  const done = new Set<Slot>([...outputs, ...weights, ...constants].map(({ slot }) => slot));
  const released = kernels.map(() => [] as Slot[]);
  for (let i = kernels.length - 1; i >= 0; i--) {
    const { inputs, results } = kernels[i]!;
    for (const slot of [...inputs, ...results]) {
      if (done.has(slot)) continue;
      done.add(slot);
      released[i]!.push(slot);
    }
  }
  return released;
}
