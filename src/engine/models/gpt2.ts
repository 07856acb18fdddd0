import { multiplyDims } from '../graph/shape';
import type { Value } from '../graph/types';
import type { Activation } from './activation';
import { activate, readActivation } from './activation';
import { attend } from './attention';
import type { ConfigReader, ConfigValues } from './config';
import { dropoutNotes } from './dropoutNotes';
import { configContradicts, configValueUnsupported } from './failures';
import type { DecoderInputs, Layers, Model, Module } from './model';
import { moduleParameters } from './model';

interface Gpt2Shape {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly innerSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly contextLength: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly tied: boolean;
  /** Factor on the attention scores of each layer. */
  readonly scales: readonly number[];
  readonly notes: readonly string[];
}

/** What `configuration_gpt2.py` in Transformers gives a missing key. */
const defaults: ConfigValues = {
  vocab_size: 50257,
  n_positions: 1024,
  n_embd: 768,
  n_layer: 12,
  n_head: 12,
  n_inner: null,
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  resid_pdrop: 0.1,
  embd_pdrop: 0.1,
  attn_pdrop: 0.1,
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
  add_cross_attention: false,
  tie_word_embeddings: true,
};

/** Keys of other families that GPT-2 has names of its own for. */
const spellings = {
  hidden_size: 'n_embd',
  max_position_embeddings: 'n_positions',
  num_attention_heads: 'n_head',
  num_hidden_layers: 'n_layer',
};

/** GPT-2 and DistilGPT-2: learnt positions, LayerNorm, one projection for queries, keys and values. */
export function gpt2(written: ConfigReader): Model {
  const shape = readShape(written);
  const modules = gpt2Modules(shape);
  const parameters = new Map(modules.flatMap(moduleParameters));
  if (shape.tied) parameters.delete('lm_head.weight');
  return {
    modelType: 'gpt2',
    modules,
    parameters,
    tied: new Map(shape.tied ? [['lm_head.weight', 'transformer.wte.weight']] : []),
    basePrefix: 'transformer.',
    vocabSize: shape.vocabSize,
    hiddenSize: shape.hiddenSize,
    contextLength: shape.contextLength,
    positionsAreLearnt: true,
    kvHeads: shape.heads,
    headSize: shape.hiddenSize / shape.heads,
    blocks: shape.layers,
    blockList: 'transformer.h',
    defaultTargets: ['c_attn'],
    notes: shape.notes,
    numbers: {
      heads: shape.heads,
      kvHeads: shape.heads,
      headSize: shape.hiddenSize / shape.heads,
      innerSize: shape.innerSize,
      activation: shape.activation,
      epsilon: shape.epsilon,
      rope: undefined,
      windows: shape.scales.map(() => null),
      scales: shape.scales,
    },
    head: 'lm_head',
    hidden: (layers, inputs) => hidden(shape, layers, inputs),
    logits: (layers, states) => layers.linear('lm_head', states),
  };
}

function readShape(written: ConfigReader): Gpt2Shape {
  const config = written.renamed(spellings).withDefaults(defaults);
  const hiddenSize = config.size('n_embd');
  const [layers, heads] = [config.size('n_layer'), config.size('n_head')];
  if (hiddenSize % heads !== 0) {
    throw configContradicts('n_embd', `${hiddenSize} hidden dimensions cannot be shared by ${heads} heads`);
  }
  if (config.flag('add_cross_attention')) throw configValueUnsupported('add_cross_attention', 'true', 'false');
  const scale = config.flag('scale_attn_weights') ? (hiddenSize / heads) ** -0.5 : 1;
  const byLayer = config.flag('scale_attn_by_inverse_layer_idx');
  return {
    vocabSize: config.size('vocab_size'),
    hiddenSize,
    innerSize: config.sizeOrNull('n_inner') ?? 4 * hiddenSize,
    layers,
    heads,
    contextLength: config.size('n_positions'),
    epsilon: config.number('layer_norm_epsilon'),
    activation: readActivation(config, 'activation_function'),
    tied: config.flag('tie_word_embeddings'),
    scales: Array.from({ length: layers }, (_, i) => (byLayer ? scale / (i + 1) : scale)),
    notes: dropoutNotes(config, ['resid_pdrop', 'embd_pdrop', 'attn_pdrop']),
  };
}

function gpt2Modules({ vocabSize, hiddenSize: size, innerSize, layers, contextLength }: Gpt2Shape): Module[] {
  const projection = (path: string, inFeatures: number, outFeatures: number): Module => ({
    kind: 'conv1d',
    path,
    inFeatures,
    outFeatures,
    bias: true,
  });
  const norm = (path: string): Module => ({ kind: 'layerNorm', path, features: size });
  const block = (at: string): Module[] => [
    norm(`${at}.ln_1`),
    projection(`${at}.attn.c_attn`, size, 3 * size),
    projection(`${at}.attn.c_proj`, size, size),
    norm(`${at}.ln_2`),
    projection(`${at}.mlp.c_fc`, size, innerSize),
    projection(`${at}.mlp.c_proj`, innerSize, size),
  ];
  return [
    { kind: 'embedding', path: 'transformer.wte', rows: vocabSize, features: size },
    { kind: 'embedding', path: 'transformer.wpe', rows: contextLength, features: size },
    ...Array.from({ length: layers }, (_, i) => block(`transformer.h.${i}`)).flat(),
    norm('transformer.ln_f'),
    { kind: 'linear', path: 'lm_head', inFeatures: size, outFeatures: vocabSize, bias: false },
  ];
}

function hidden(shape: Gpt2Shape, layers: Layers, inputs: DecoderInputs): Value {
  const { b } = layers;
  const tokens = [multiplyDims(...inputs.ids.shape)];
  let x = b.add(
    layers.embedding('transformer.wte', b.reshape(inputs.ids, tokens)),
    layers.embedding('transformer.wpe', b.reshape(inputs.positions, tokens)),
  );
  for (let i = 0; i < shape.layers; i++) {
    const path = `transformer.h.${i}`;
    x = b.within({ scope: path, block: i }, () => {
      const attended = b.add(x, attention(shape, layers, inputs, i, x));
      return b.add(attended, mlp(shape, layers, path, attended));
    });
  }
  return layerNorm(shape, layers, 'transformer.ln_f', x);
}

function attention(shape: Gpt2Shape, layers: Layers, inputs: DecoderInputs, block: number, x: Value): Value {
  const { b } = layers;
  const { heads, hiddenSize } = shape;
  const path = `transformer.h.${block}`;
  const projected = layers.linear(`${path}.attn.c_attn`, layerNorm(shape, layers, `${path}.ln_1`, x));
  // Queries, keys and values lie side by side: heads 0 to H, H to 2H and 2H to 3H.
  const all = b.reshape(projected, [...inputs.ids.shape, 3 * heads, hiddenSize / heads]);
  const third = (i: number): Value => b.slice(all, 2, i * heads, (i + 1) * heads);
  const kind = { block, scale: shape.scales[block]!, window: null };
  const mixed = attend(layers, inputs, kind, third(0), third(1), third(2));
  return layers.linear(`${path}.attn.c_proj`, b.reshape(mixed, [x.shape[0]!, hiddenSize]));
}

function mlp(shape: Gpt2Shape, layers: Layers, path: string, x: Value): Value {
  const h = layerNorm(shape, layers, `${path}.ln_2`, x);
  const wide = activate(layers.b, shape.activation, layers.linear(`${path}.mlp.c_fc`, h));
  return layers.linear(`${path}.mlp.c_proj`, wide);
}

function layerNorm(shape: Gpt2Shape, layers: Layers, path: string, x: Value): Value {
  const weight = layers.parameter(`${path}.weight`);
  return layers.b.op('layerNorm', { epsilon: shape.epsilon }, x, weight, layers.parameter(`${path}.bias`));
}
