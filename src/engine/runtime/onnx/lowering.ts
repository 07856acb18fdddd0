import type { Node, Op } from '../../graph/types';
import type { Emitter } from './emitter';

/** Emits a node of op K; its results must get the names that `e.name` gives for them. */
export type Lowering<K extends Op> = (e: Emitter, node: Node<K>) => void;
/** A table of lowerings for some ops. */
export type Lowerings<K extends Op> = { readonly [P in K]: Lowering<P> };

export function inputNames(e: Emitter, node: Node): string[] {
  return node.inputs.map((input) => e.name(input));
}
export function resultName(e: Emitter, node: Node): string {
  return e.name(node.outputs[0]!);
}
