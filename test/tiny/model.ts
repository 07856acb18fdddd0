import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import type { TensorToWrite } from '../../src/engine/formats/safetensors';
import { randomStream } from '../../src/random/randomStream';

/** Configuration of the tiny LLaMA: 13 thousand weights that know nothing. */
export const tinyConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 99,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
  torch_dtype: 'float32',
};

/** Changes to the tiny model. */
export interface TinyModelOptions {
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  readonly seed?: number;
}

/** Writes a tiny LLaMA with a tokenizer that knows the characters of ASCII, and no pad token. */
export async function writeTinyModel(
  folder: string,
  { dtype = 'F32', seed = 1 }: TinyModelOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJson(path.join(folder, 'config.json'), tinyConfig);
  await writeJson(path.join(folder, 'tokenizer.json'), characterTokenizer());
  await writeJson(path.join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    unk_token: '<unk>',
    bos_token: '<s>',
    eos_token: '</s>',
    clean_up_tokenization_spaces: false,
  });
  await writeSafetensors(path.join(folder, 'model.safetensors'), tinyWeights(dtype, seed));
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** `<s>`, then a token for each character. `further` special tokens come after the 99 that it has anyway. */
export function characterTokenizer(further: readonly string[] = []): unknown {
  const characters = ['\n', ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
  const words = ['<unk>', '<s>', '</s>', ...characters, ...further];
  const special = (content: string, id: number): unknown => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['<unk>', '<s>', '</s>', ...further].map((content) => special(content, words.indexOf(content))),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      merges: [],
    },
  };
}

function tinyWeights(dtype: 'F32' | 'F16' | 'BF16', seed: number): TensorToWrite[] {
  const { hidden_size: size, intermediate_size: inner, vocab_size: vocabulary } = tinyConfig;
  const keys = (size / tinyConfig.num_attention_heads) * tinyConfig.num_key_value_heads;
  const shapes: [name: string, ...shape: number[]][] = [['model.embed_tokens.weight', vocabulary, size]];
  for (let layer = 0; layer < tinyConfig.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes.push([`${at}.self_attn.q_proj.weight`, size, size], [`${at}.self_attn.k_proj.weight`, keys, size]);
    shapes.push([`${at}.self_attn.v_proj.weight`, keys, size], [`${at}.self_attn.o_proj.weight`, size, size]);
    shapes.push([`${at}.mlp.gate_proj.weight`, inner, size], [`${at}.mlp.up_proj.weight`, inner, size]);
    shapes.push([`${at}.mlp.down_proj.weight`, size, inner]);
    shapes.push([`${at}.input_layernorm.weight`, size], [`${at}.post_attention_layernorm.weight`, size]);
  }
  shapes.push(['model.norm.weight', size]);
  return shapes.map(([name, ...shape]) => {
    const random = randomStream(seed, name);
    const length = shape.reduce((product, dim) => product * dim, 1);
    const data = Float32Array.from({ length }, () => (shape.length === 1 ? 1 : 0.2 * random.normal()));
    return { name, shape, data, dtype };
  });
}
