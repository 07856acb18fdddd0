import type { JsonObject } from '../jsonFile';
import type { Architecture } from './architectures';
import type { Metadata } from './metadata';
import type { GgufFile } from './readGguf';
import { decodeGguf, readGgufRows } from './readGgufTensor';

/**
 * What `config.json` would say of the model: keys as in Transformers' configuration classes, values from the metadata.
 * @throws Failure `gguf-metadata` for what the engine would compute otherwise than llama.cpp
 */
export function configOf(gguf: GgufFile, metadata: Metadata, { modelType, className }: Architecture): JsonObject {
  const experts = metadata.value('.expert_count');
  if (experts !== undefined && experts !== 0) metadata.refuse('.expert_count', 'asks for a mixture of experts');
  const embedding = gguf.tensors.get('token_embd.weight');
  const common = {
    model_type: modelType,
    architectures: [className],
    vocab_size: embedding?.shape[0] ?? metadata.size('.vocab_size'),
    tie_word_embeddings: !gguf.tensors.has('output.weight'),
  };
  return modelType === 'gpt2'
    ? { ...common, ...gpt2Config(metadata) }
    : { ...common, ...decoderConfig(gguf, metadata, modelType) };
}

function gpt2Config(metadata: Metadata): JsonObject {
  return {
    n_positions: metadata.size('.context_length'),
    n_embd: metadata.size('.embedding_length'),
    n_layer: metadata.size('.block_count'),
    n_head: metadata.size('.attention.head_count'),
    n_inner: metadata.size('.feed_forward_length'),
    layer_norm_epsilon: metadata.number('.attention.layer_norm_epsilon'),
    activation_function: 'gelu_new',
  };
}

function decoderConfig(gguf: GgufFile, metadata: Metadata, modelType: string): JsonObject {
  const hidden = metadata.size('.embedding_length');
  const heads = metadata.size('.attention.head_count');
  const headSize = metadata.optionalSize('.attention.key_length') ?? hidden / heads;
  for (const key of ['.attention.value_length', '.rope.dimension_count']) {
    const size = metadata.optionalSize(key);
    if (size !== undefined && size !== headSize)
      metadata.refuse(key, `is ${size} where heads have ${headSize} numbers`);
  }
  if (metadata.value('.attention.sliding_window') !== undefined) {
    metadata.refuse(
      '.attention.sliding_window',
      'asks for a sliding window, and the file does not say which layers have one',
    );
  }
  const hasBias = (name: string): boolean => gguf.tensors.has(`blk.0.${name}.bias`);
  return {
    hidden_size: hidden,
    intermediate_size: metadata.size('.feed_forward_length'),
    num_hidden_layers: metadata.size('.block_count'),
    num_attention_heads: heads,
    num_key_value_heads: metadata.optionalSize('.attention.head_count_kv') ?? heads,
    head_dim: headSize,
    max_position_embeddings: metadata.size('.context_length'),
    rms_norm_eps: metadata.number('.attention.layer_norm_rms_epsilon'),
    hidden_act: 'silu',
    rope_theta: metadata.optionalNumber('.rope.freq_base') ?? 10_000,
    rope_scaling: ropeScaling(gguf, metadata, headSize),
    ...(modelType === 'qwen2'
      ? { use_sliding_window: false }
      : { attention_bias: hasBias('attn_q'), ...(modelType === 'llama' ? { mlp_bias: hasBias('ffn_up') } : {}) }),
  };
}

function ropeScaling(gguf: GgufFile, metadata: Metadata, headSize: number): JsonObject | null {
  const divisors = gguf.tensors.get('rope_freqs.weight');
  const type =
    metadata.text('.rope.scaling.type') ?? (metadata.value('.rope.scale_linear') === undefined ? 'none' : 'linear');
  if (divisors !== undefined) {
    const { file } = gguf;
    return llama3Scaling(metadata, headSize, decodeGguf(divisors.type, readGgufRows(file, divisors)));
  }
  switch (type) {
    case 'none':
      return null;
    case 'linear': {
      const factor = metadata.optionalNumber('.rope.scaling.factor') ?? metadata.number('.rope.scale_linear');
      return { rope_type: 'linear', factor };
    }
    case 'yarn':
      for (const key of ['.rope.scaling.attn_factor', '.rope.scaling.yarn_log_multiplier']) {
        const value = metadata.optionalNumber(key) ?? 1;
        if (value !== 1) metadata.refuse(key, `is ${value}, which is not supported`);
      }
      return {
        rope_type: 'yarn',
        factor: metadata.number('.rope.scaling.factor'),
        original_max_position_embeddings: metadata.size('.rope.scaling.original_context_length'),
      };
    default:
      return metadata.refuse('.rope.scaling.type', `is "${type}"; none, linear and yarn are supported`);
  }
}

/**
 * Llama 3.1 and later: the file says by what each frequency is divided. The rule of these models (from 8,192 positions on,
 * between 1 and 4 turns) has one number that differs, the largest divisor; it is taken only if it gives all the others.
 */
function llama3Scaling(metadata: Metadata, headSize: number, divisors: Float32Array): JsonObject {
  const rule = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
  const theta = metadata.optionalNumber('.rope.freq_base') ?? 10_000;
  const factor = Math.max(...divisors);
  const expected = Float32Array.from({ length: headSize / 2 }, (_, i) => {
    const turns = rule.original_max_position_embeddings / (2 * Math.PI * theta ** ((2 * i) / headSize));
    if (turns > rule.high_freq_factor) return 1;
    if (turns < rule.low_freq_factor) return factor;
    const smooth = (turns - rule.low_freq_factor) / (rule.high_freq_factor - rule.low_freq_factor);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  const isSame =
    divisors.length === expected.length &&
    divisors.every((value, i) => Math.abs(value - expected[i]!) <= 1e-4 * expected[i]!);
  if (!isSame) {
    metadata.refuse(
      '.rope.freq_base',
      'comes with rotations of its own (the tensor "rope_freqs.weight") that are not those of Llama 3',
    );
  }
  return { rope_type: 'llama3', factor, ...rule };
}
