import type { GraphBuilder } from '../graph/builder';
import type { Dim, Value } from '../graph/types';
import type { Layers, Model } from '../models/model';
import type { Adapter } from './adapter';

/** A dropout mask that the graph reads: bool [rows, features], true with probability 1 − p. */
export interface DropoutInput {
  /** `dropout.<path>`; a module that is computed again on other rows (the head, chunk by chunk) adds `.1`, `.2`, … */
  readonly name: string;
  readonly path: string;
  readonly rows: Dim;
  readonly features: number;
}

export interface LoraLayers extends Layers {
  /** The trained tensors, inputs of the graph by the names of {@link Adapter.trainables}. */
  readonly trainable: ReadonlyMap<string, Value>;
  /** Grows while the graph is built. */
  readonly dropoutInputs: readonly DropoutInput[];
}

/**
 * The layers of a model with an adapter around them: linear modules become W x + s·B(A(dropout x)). The masks of
 * dropout are inputs of the graph, only with `dropout` and a rate above 0; the factor 1/(1 − p) is part of s.
 */
export declare function loraLayers(
  b: GraphBuilder,
  model: Model,
  adapter: Adapter,
  options: { readonly dropout: boolean },
): LoraLayers;
