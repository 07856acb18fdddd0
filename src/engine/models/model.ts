import type { GraphBuilder } from '../graph/builder';
import type { Value } from '../graph/types';
import type { Activation } from './activation';
import type { Rope } from './rope';

/** A module of a model that has weights, under the path that PyTorch's `named_modules()` gives it. */
export type Module =
  | {
      readonly kind: 'linear' | 'conv1d';
      readonly path: string;
      readonly inFeatures: number;
      readonly outFeatures: number;
      readonly bias: boolean;
    }
  | { readonly kind: 'embedding'; readonly path: string; readonly rows: number; readonly features: number }
  | { readonly kind: 'rmsNorm' | 'layerNorm'; readonly path: string; readonly features: number };

export type LinearModule = Extract<Module, { kind: 'linear' | 'conv1d' }>;

/**
 * How modules become nodes of a graph. The plain form reads frozen weights; LoRA wraps it from outside, so that no
 * model family knows of adapters.
 */
export interface Layers {
  readonly b: GraphBuilder;
  /** A weight by its name in the model, such as `model.norm.weight`. */
  parameter(name: string): Value;
  /** x [n, in] → [n, out] */
  linear(path: string, x: Value): Value;
  /** ids [n] → [n, features] */
  embedding(path: string, ids: Value): Value;
}

/** What a decoder reads: token ids, positions and segment numbers (0: padding), each i32 [B, T]. */
export interface DecoderInputs {
  readonly ids: Value;
  readonly positions: Value;
  readonly segments: Value;
  /** Positions are below this. */
  readonly maxLength: number;
  /** What was read before, where a text is continued. */
  readonly store?: KeyValueStore;
}

/** Keys and values of the positions that were read before; slot s of a row's store holds its position s. */
export interface KeyValueStore {
  /** How many slots of each row count, i32 [B]. */
  readonly lengths: Value;
  /** The numbers of the slots, i32 [P]. */
  readonly slots: Value;
  /** Takes a block's new keys and values, each [B, K, T, d], and gives the earlier ones, each [B, K, P, d]. */
  continueWith(block: number, keys: Value, values: Value): { readonly keys: Value; readonly values: Value };
}

/** Numbers of the forward pass that other programs' files must say. */
export interface ModelNumbers {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Features inside the feed-forward layer. */
  readonly innerSize: number;
  /** Inside the feed-forward layer. */
  readonly activation: Activation;
  /** Of the norms. */
  readonly epsilon: number;
  /** Undefined where positions are learnt. */
  readonly rope: Rope | undefined;
  /** Sliding attention window of each block; `null` sees everything before. */
  readonly windows: readonly (number | null)[];
  /** Factor on the attention scores of each block. */
  readonly scales: readonly number[];
}

/** A model family's reading of one configuration: its modules, its weights, and its forward pass. */
export interface Model {
  readonly modelType: string;
  /** Modules with weights, in the order of PyTorch's `named_modules()`. */
  readonly modules: readonly Module[];
  /** Shapes of all weights by name; a weight that is tied to another is left out. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
  /** Tied weights: `lm_head.weight` → `model.embed_tokens.weight`. */
  readonly tied: ReadonlyMap<string, string>;
  /** Prefix that checkpoints of the bare model leave out, such as `model.` or `transformer.`. */
  readonly basePrefix: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly contextLength: number;
  /** Each position has a learnt vector, so that there is none beyond the context length. */
  readonly positionsAreLearnt: boolean;
  /** Heads of keys and values, and how many numbers each has for a position. */
  readonly kvHeads: number;
  readonly headSize: number;
  /** Number of repeated blocks. */
  readonly blocks: number;
  /** The module paths of a block's list, such as `model.layers`, for `layers_to_transform`. */
  readonly blockList: string;
  /** PEFT's default `target_modules` of this family. */
  readonly defaultTargets: readonly string[];
  /** What people should know before they train it, each a sentence or two; mostly empty. */
  readonly notes: readonly string[];
  readonly numbers: ModelNumbers;
  /** Path of the output embedding. */
  readonly head: string;
  /** Final hidden states [B·T, hidden], after the last norm. */
  hidden(layers: Layers, inputs: DecoderInputs): Value;
  /** hidden [n, hidden] → logits [n, vocabulary] */
  logits(layers: Layers, hidden: Value): Value;
}

/** The plain layers of a model. Weights named in `trainable` become inputs of the graph, all others are frozen. */
export function plainLayers(b: GraphBuilder, model: Model, trainable: ReadonlySet<string> = new Set()): Layers {
  const linears = new Map<string, LinearModule>();
  for (const module of model.modules) {
    if (module.kind === 'linear' || module.kind === 'conv1d') linears.set(module.path, module);
  }
  const parameter = (name: string): Value => {
    // A tied weight that is trained by itself has become a weight of its own.
    const own = trainable.has(name) ? name : (model.tied.get(name) ?? name);
    const shape = model.parameters.get(own) ?? model.parameters.get(model.tied.get(own) ?? own);
    if (shape === undefined) throw new Error(`${model.modelType} has no weight ${name}`);
    return trainable.has(own) ? b.input(own, 'f32', shape) : b.weight(own, shape);
  };
  return {
    b,
    parameter,
    linear: (path, x) => {
      const module = linears.get(path);
      if (module === undefined) throw new Error(`${model.modelType} has no linear module ${path}`);
      const product = b.matmul(x, parameter(`${path}.weight`), { transposeB: module.kind === 'linear' });
      return module.bias ? b.add(product, parameter(`${path}.bias`)) : product;
    },
    embedding: (path, ids) => b.gather(parameter(`${path}.weight`), ids),
  };
}

/** Number of all weights; tied ones count once. */
export function countParameters(model: Model): number {
  let count = 0;
  for (const name of model.parameters.keys()) count += parameterSize(model, name);
  return count;
}

/** Number of values of the weight `name`. Throws where the model has none of that name. */
export function parameterSize(model: Model, name: string): number {
  const shape = model.parameters.get(name);
  if (shape === undefined) throw new Error(`${model.modelType} has no weight ${name}`);
  return shape.reduce((product, size) => product * size, 1);
}

/** Names and shapes of a module's weights. */
export function moduleParameters(module: Module): [name: string, shape: readonly number[]][] {
  const { path } = module;
  switch (module.kind) {
    case 'linear':
    case 'conv1d': {
      const { inFeatures, outFeatures } = module;
      const shape = module.kind === 'linear' ? [outFeatures, inFeatures] : [inFeatures, outFeatures];
      return [[`${path}.weight`, shape], ...(module.bias ? [biasOf(path, outFeatures)] : [])];
    }
    case 'embedding':
      return [[`${path}.weight`, [module.rows, module.features]]];
    case 'rmsNorm':
      return [[`${path}.weight`, [module.features]]];
    case 'layerNorm':
      return [[`${path}.weight`, [module.features]], biasOf(path, module.features)];
  }
}

function biasOf(path: string, size: number): [string, readonly number[]] {
  return [`${path}.bias`, [size]];
}
