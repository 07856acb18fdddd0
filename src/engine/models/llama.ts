import type { ConfigReader } from './config';
import type { DecoderShape } from './decoder';
import { decoder } from './decoder';
import type { Model } from './model';
import { readRope } from './rope';

/** LLaMA 1 to 3.x, SmolLM, TinyLlama and all others that call themselves `llama`. */
export function llama(config: ConfigReader): Model {
  return decoder({
    ...readDecoder(config, 'llama'),
    qkvBias: config.flag('attention_bias', false),
    outputBias: config.flag('attention_bias', false),
    mlpBias: config.flag('mlp_bias', false),
  });
}

/** The part of the configuration that all families of the LLaMA kind spell the same way. */
export function readDecoder(config: ConfigReader, modelType: string): DecoderShape {
  const heads = config.size('num_attention_heads');
  const hiddenSize = config.size('hidden_size');
  const headSize = config.size('head_dim', hiddenSize / heads);
  const layers = config.size('num_hidden_layers');
  const activation = config.choice('hidden_act', ['silu', 'gelu', 'gelu_new', 'gelu_pytorch_tanh'], 'silu');
  return {
    modelType,
    vocabSize: config.size('vocab_size'),
    hiddenSize,
    intermediateSize: config.size('intermediate_size'),
    layers,
    heads,
    kvHeads: config.size('num_key_value_heads', heads),
    headSize,
    contextLength: config.size('max_position_embeddings', 2048),
    epsilon: config.number('rms_norm_eps', 1e-6),
    rope: readRope(config, headSize),
    tied: config.flag('tie_word_embeddings', false),
    activation: activation === 'silu' || activation === 'gelu' ? activation : 'gelu_tanh',
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    headNorm: false,
    windows: Array.from({ length: layers }, () => null),
    defaultTargets: ['q_proj', 'v_proj'],
  };
}
