/** A regular expression of the recipe: as it was written, and as JavaScript that matches whole module paths only. */
export interface ModulePattern {
  readonly pattern: string;
  readonly regex: RegExp;
}

/** An entry of `rank_pattern` or `alpha_pattern`; `regex` matches whole module paths as PEFT's `(.*\.)?(key)$` does. */
export interface PatternValue extends ModulePattern {
  readonly value: number;
}

/** How A and B start; the names are PEFT's. */
export type InitLoraWeights = boolean | 'gaussian' | 'pissa' | 'olora' | `pissa_niter_${number}`;

/** PEFT's `LoraConfig`, as far as it decides which tensors are trained and how they start. */
export interface LoraOptions {
  readonly r: number;
  readonly loraAlpha: number;
  readonly loraDropout: number;
  /** Names (whole paths or dotted endings), one pattern, all linear layers but the head, or the family's default. */
  readonly targetModules: readonly string[] | ModulePattern | 'all-linear' | undefined;
  readonly excludeModules: readonly string[] | ModulePattern;
  readonly bias: 'none' | 'all' | 'lora_only';
  readonly useRslora: boolean;
  /** The first entry that matches a module counts. */
  readonly rankPattern: readonly PatternValue[];
  readonly alphaPattern: readonly PatternValue[];
  /** Block numbers from 0; null or an empty list means all. */
  readonly layersToTransform: readonly number[] | number | null;
  /** Names of the lists of blocks that `layersToTransform` counts in; without it any numbered list counts. */
  readonly layersPattern?: readonly string[] | string | null;
  readonly modulesToSave: readonly string[];
  readonly initLoraWeights: InitLoraWeights;
}

/**
 * Where options come from. In a recipe everything is refused that cannot be meant: an entry that matches nothing, a
 * rank beyond the layer, an adapter on one of two tied modules. A stored adapter is taken as PEFT takes it, which
 * refuses only what cannot be built.
 */
export type Origin = 'recipe' | 'stored';

/** A module with an adapter: y = W x + scaling · B A x. */
export interface LoraTarget {
  readonly path: string;
  readonly kind: 'linear' | 'conv1d' | 'embedding';
  readonly r: number;
  readonly alpha: number;
  /** alpha / r, with rsLoRA alpha / √r */
  readonly scaling: number;
  /** Of an embedding: the number of rows. */
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** The base weight is stored as [in, out] (Conv1D). */
  readonly fanInFanOut: boolean;
}

export type TrainableRole = 'lora_A' | 'lora_B' | 'lora_embedding_A' | 'lora_embedding_B' | 'saved' | 'bias' | 'full';

/** A tensor that is trained. */
export interface Trainable {
  /** PEFT's name without `base_model.model.`, such as `model.layers.0.self_attn.q_proj.lora_A.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: TrainableRole;
  /** The adapted module of a LoRA tensor. */
  readonly target?: LoraTarget;
  /** The weight of the model that a saved module's tensor, a bias or a fully trained weight starts from. */
  readonly baseWeight?: string;
}

/** What is trained, and where it sits in the model. */
export interface Adapter {
  readonly method: 'lora' | 'full';
  readonly targets: readonly LoraTarget[];
  /** How many modules each entry of `target_modules` adapts. */
  readonly matches: readonly { readonly entry: string; readonly count: number }[];
  /** Entries that change nothing on this model; PEFT warns of them. */
  readonly unused: readonly {
    readonly key: 'exclude_modules' | 'rank_pattern' | 'alpha_pattern';
    readonly entry: string;
  }[];
  /** Paths of the modules that are trained in full beside the adapter. */
  readonly modulesToSave: readonly string[];
  /** Names of the weights of the model that are trained as biases. */
  readonly trainableBiases: readonly string[];
  readonly dropout: number;
  readonly initLoraWeights: InitLoraWeights;
  /** All trained tensors: A and B in the order of the model's modules, then saved modules, then biases. */
  readonly trainables: readonly Trainable[];
}
