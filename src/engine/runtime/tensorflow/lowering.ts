import type { Node, Op } from '../../graph/types';
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
