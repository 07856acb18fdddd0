import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import type { TensorToWrite } from '../../src/engine/formats/safetensors';
import { readModel } from '../../src/engine/models/families';
import { randomStream } from '../../src/random/randomStream';
import { characterTokenizer, tinyConfig, writeJson } from '../tiny/model';

/** A model folder of the corpus: a real one of its family, only small and untrained. */
interface CorpusModel {
  readonly config: Readonly<Record<string, unknown>>;
  /** Special tokens beyond `<unk>`, `<s>` and `</s>`. */
  readonly tokens?: readonly string[];
  readonly tokenizerConfig?: Readonly<Record<string, unknown>>;
  /** Ids whose embedding is empty, as in a checkpoint that never saw them. */
  readonly untrained?: readonly number[];
  /** A file that is missing in the folder. */
  readonly without?: 'tokenizer.json' | 'model.safetensors' | 'config.json';
  /** Files that lie there as well. */
  readonly files?: Readonly<Record<string, string>>;
}

const chatTokens = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
const chatMl = [
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}",
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
].join('');
const chat = { tokens: chatTokens, tokenizerConfig: { chat_template: chatMl, eos_token: '<|im_end|>' } };

const llama = { ...tinyConfig, max_position_embeddings: 256 };
const untied = { ...llama, tie_word_embeddings: false };
const mistral = {
  ...untied,
  architectures: ['MistralForCausalLM'],
  model_type: 'mistral',
  sliding_window: 64,
  max_position_embeddings: 1024,
};
const qwen2 = {
  ...llama,
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  vocab_size: 102,
  eos_token_id: 101,
  max_position_embeddings: 32768,
};
const qwen3 = { ...qwen2, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', head_dim: 16 };
const gpt2 = {
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  vocab_size: 99,
  n_positions: 128,
  n_embd: 32,
  n_layer: 2,
  n_head: 4,
  bos_token_id: 1,
  eos_token_id: 2,
};

/** By the name of the folder. */
const corpusModels: Readonly<Record<string, CorpusModel>> = {
  llama: { config: llama },
  'llama-untied': { config: { ...untied, num_hidden_layers: 4 } },
  'llama-bf16': { config: { ...llama, torch_dtype: 'bfloat16' } },
  mistral: { config: mistral },
  qwen2: { config: qwen2, ...chat },
  qwen3: { config: { ...qwen3, tie_word_embeddings: false }, ...chat },
  gpt2: { config: gpt2 },

  // Each of these has one fault.
  'qwen2-base': { config: qwen2, ...chat, untrained: [100, 101] },
  'qwen3-base': { config: qwen3, ...chat, untrained: [100, 101] },
  'llama-grown': { config: llama, tokens: ['<extra>', '<more>'] },
  'mistral-grown': { config: mistral, tokens: ['<extra>'] },
  'llama-endless': { config: { ...llama, eos_token_id: null }, tokenizerConfig: { eos_token: null } },
  'gpt2-endless': { config: { ...gpt2, eos_token_id: null }, tokenizerConfig: { eos_token: null } },
  'llama-no-tokenizer': { config: llama, without: 'tokenizer.json' },
  'gpt2-no-tokenizer': { config: gpt2, without: 'tokenizer.json' },
  'llama-pickle': { config: llama, without: 'model.safetensors', files: { 'pytorch_model.bin': 'PK' } },
  'mistral-no-weights': { config: mistral, without: 'model.safetensors' },
  'llama-no-config': { config: llama, without: 'config.json' },
  'qwen2-gptq': { config: { ...qwen2, quantization_config: { quant_method: 'gptq', bits: 4 } }, ...chat },
  'llama-awq': { config: { ...llama, quantization_config: { quant_method: 'awq', bits: 4 } } },
};

/** Families that are not built: only their configuration lies there. */
const otherConfigs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  bloom: { architectures: ['BloomForCausalLM'], model_type: 'bloom', n_layer: 2, hidden_size: 32 },
  chatglm: { architectures: ['ChatGLMModel'], model_type: 'chatglm', num_layers: 2, hidden_size: 32 },
  t5: { architectures: ['T5ForConditionalGeneration'], model_type: 't5', is_encoder_decoder: true },
};

export async function writeCorpusModels(folder: string): Promise<void> {
  for (const [name, model] of Object.entries(corpusModels)) await writeModel(path.join(folder, name), model);
  for (const [name, config] of Object.entries(otherConfigs)) {
    // Whether there are weights is looked at first.
    await writeModel(path.join(folder, name), { config: llama });
    await writeJson(path.join(folder, name, 'config.json'), config);
  }
  await writeFile(path.join(folder, 'smollm2-q4.gguf'), 'GGUF');
}

async function writeModel(folder: string, model: CorpusModel): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { config, tokens = [], tokenizerConfig = {}, files = {} } = model;
  await writeJson(path.join(folder, 'config.json'), config);
  await writeJson(path.join(folder, 'tokenizer.json'), characterTokenizer(tokens));
  await writeJson(path.join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    unk_token: '<unk>',
    bos_token: '<s>',
    eos_token: '</s>',
    clean_up_tokenization_spaces: false,
    ...tokenizerConfig,
  });
  await writeSafetensors(path.join(folder, 'model.safetensors'), weightsOf(model));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
  if (model.without !== undefined) await rm(path.join(folder, model.without));
}

/** Weights of the shapes that the family asks for. */
function weightsOf({ config, untrained = [] }: CorpusModel): TensorToWrite[] {
  return [...readModel({ ...config, quantization_config: undefined }).parameters].map(([name, shape]) => {
    const random = randomStream(1, name);
    const length = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length }, () => (shape.length === 1 ? 1 : 0.2 * random.normal()));
    const [, features] = shape;
    if (name === 'model.embed_tokens.weight') {
      for (const id of untrained) data.fill(0, id * features!, (id + 1) * features!);
    }
    return { name, shape, data, dtype: config['torch_dtype'] === 'bfloat16' ? 'BF16' : 'F32' };
  });
}
