import type { Dtype, Node, Op, ValueDtype } from '../../graph/types';
import type { Slot } from './plan';
import type { Emitter } from './emitter';

/** Emits a node of op K and gives the slots of its results. */
export type Lowering<K extends Op> = (e: Emitter, node: Node<K>) => readonly Slot[];
/** A table of lowerings for some ops. */
export type Lowerings<K extends Op> = { readonly [P in K]: Lowering<P> };

/** The slots of a node's inputs. */
export function inputSlots(e: Emitter, node: Node): Slot[] {
  return node.inputs.map((input) => e.slot(input));
}

/** Half precision is not computed in with TensorFlow; whoever asks for it hears so before there is a graph. */
export function singlePrecision(dtype: ValueDtype): Dtype {
  if (dtype === 'f16') throw new Error('TensorFlow computes in single precision');
  return dtype;
}
