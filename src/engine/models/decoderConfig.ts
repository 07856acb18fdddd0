import { readActivation } from './activation';
import type { ConfigReader, ConfigValues } from './config';
import type { DecoderShape } from './decoder';
import { dropoutNotes } from './dropoutNotes';
import { configContradicts } from './failures';
import { readRope } from './rope';

/** What `configuration_llama.py` and its descendants in Transformers give a missing key, unless a family differs. */
const commonDefaults: ConfigValues = {
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: null,
  head_dim: null,
  hidden_act: 'silu',
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: false,
  attention_bias: false,
  mlp_bias: false,
  attention_dropout: 0,
};

/** The configuration with the defaults of a family: the common ones, and those of its own. */
export function withFamilyDefaults(config: ConfigReader, own: ConfigValues = {}): ConfigReader {
  return config.withDefaults({ ...commonDefaults, ...own });
}

/** The part of the configuration that all families of the LLaMA kind spell the same way: no biases, no windows. */
export function readDecoder(config: ConfigReader, modelType: string): DecoderShape {
  const heads = config.size('num_attention_heads');
  const kvHeads = config.sizeOrNull('num_key_value_heads') ?? heads;
  if (heads % kvHeads !== 0) {
    throw configContradicts('num_key_value_heads', `${heads} query heads cannot share ${kvHeads} key-value heads`);
  }
  const hiddenSize = config.size('hidden_size');
  const headSize = readHeadSize(config, hiddenSize, heads);
  const layers = config.size('num_hidden_layers');
  return {
    modelType,
    vocabSize: config.size('vocab_size'),
    hiddenSize,
    intermediateSize: config.size('intermediate_size'),
    layers,
    heads,
    kvHeads,
    headSize,
    contextLength: config.size('max_position_embeddings'),
    epsilon: config.number('rms_norm_eps'),
    rope: readRope(config, headSize),
    tied: config.flag('tie_word_embeddings'),
    activation: readActivation(config, 'hidden_act'),
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    headNorm: false,
    windows: Array.from({ length: layers }, () => null),
    notes: dropoutNotes(config, ['attention_dropout']),
    defaultTargets: ['q_proj', 'v_proj'],
  };
}

function readHeadSize(config: ConfigReader, hiddenSize: number, heads: number): number {
  const written = config.sizeOrNull('head_dim');
  if (written === null && hiddenSize % heads !== 0) {
    throw configContradicts('hidden_size', `${hiddenSize} hidden dimensions cannot be shared by ${heads} heads`);
  }
  const headSize = written ?? hiddenSize / heads;
  if (headSize % 2 !== 0) {
    throw configContradicts('head_dim', `rotary embedding needs heads of even size, and theirs is ${headSize}`);
  }
  return headSize;
}
