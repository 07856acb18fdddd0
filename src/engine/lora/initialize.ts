import type { Adapter, LoraOptions } from './types';

export interface InitialAdapter {
  /** Starting values of all trainables, by name. */
  readonly tensors: Map<string, Float32Array>;
  /** Weights of the base model that PiSSA and OLoRA replace by W − s·B·A, by name, in the layout of the base weight. */
  readonly baseWeights: Map<string, Float32Array>;
}

/**
 * Starting values, each from the seed and the tensor's own name, whatever else is trained. `weightOf` reads a weight
 * of the model by its name (row-major).
 */
export declare function initializeAdapter(
  adapter: Adapter,
  seed: number,
  weightOf: (name: string) => Promise<Float32Array>,
): Promise<InitialAdapter>;

/** An ordinary adapter for the untouched base model. */
export interface PlainLora {
  readonly tensors: Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  /** The options that describe it: twice the ranks, alphas so that every scaling stays, `initLoraWeights: true`. */
  readonly options: LoraOptions;
}

/** True where training starts from a changed base (PiSSA, OLoRA), so that what is stored is {@link toPlainLora}'s. */
export declare function changesBase(adapter: Adapter): boolean;

/** What PiSSA or OLoRA learnt, as an ordinary adapter of twice the rank: B·A − B₀·A₀ = [B, −B₀]·[A; A₀]. */
export declare function toPlainLora(
  adapter: Adapter,
  options: LoraOptions,
  trained: ReadonlyMap<string, Float32Array>,
  initial: ReadonlyMap<string, Float32Array>,
): PlainLora;
