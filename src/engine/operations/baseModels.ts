import type { ListedModel } from '../../run/download';
import { findInHubCache } from '../formats/hubCache';
import type { ConfigValues } from '../models/config';
import { readModel } from '../models/families';
import { countParameters } from '../models/model';
import { memoryNeed } from './trainingMemory';
import type { MemoryNeed } from './trainingMemory';

/** A model for those who have none yet. */
interface CuratedModel {
  readonly id: string;
  /** What of its `config.json` decides how large it is: the rest is worked out as for every model. */
  readonly config: ConfigValues;
  /** Weights and tokenizer, roughly. */
  readonly downloadBytes: number;
  readonly license: string;
  readonly purpose: string;
}

const smolLm2 = (layers: number, hidden: number, inner: number, heads: number, keyHeads: number): ConfigValues => ({
  model_type: 'llama',
  hidden_size: hidden,
  intermediate_size: inner,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: keyHeads,
  vocab_size: 49_152,
  max_position_embeddings: 8192,
  tie_word_embeddings: true,
});

const configs = {
  smolLm2Small: smolLm2(30, 576, 1536, 9, 3),
  smolLm2Medium: smolLm2(32, 960, 2560, 15, 5),
  smolLm2Large: smolLm2(24, 2048, 8192, 32, 32),
  qwen25: {
    model_type: 'qwen2',
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    vocab_size: 151_936,
    max_position_embeddings: 32_768,
    tie_word_embeddings: true,
  },
  qwen3: {
    model_type: 'qwen3',
    hidden_size: 1024,
    intermediate_size: 3072,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 151_936,
    max_position_embeddings: 40_960,
    tie_word_embeddings: true,
  },
  tinyLlama: {
    model_type: 'llama',
    hidden_size: 2048,
    intermediate_size: 5632,
    num_hidden_layers: 22,
    num_attention_heads: 32,
    num_key_value_heads: 4,
    vocab_size: 32_000,
    max_position_embeddings: 2048,
    tie_word_embeddings: false,
  },
  gpt2: { model_type: 'gpt2', n_embd: 768, n_layer: 12, n_head: 12, n_positions: 1024, vocab_size: 50_257 },
  distilGpt2: { model_type: 'gpt2', n_embd: 768, n_layer: 6, n_head: 12, n_positions: 1024, vocab_size: 50_257 },
} satisfies Record<string, ConfigValues>;

const apache = 'Apache-2.0';

/**
 * Small enough for a laptop, open to all, of the families that can be trained. Sizes, licences and configurations are
 * those that the models' pages on the hub say; the hub is asked again when one is downloaded.
 */
export const curatedModels: readonly CuratedModel[] = [
  {
    id: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    config: configs.smolLm2Small,
    downloadBytes: 271e6,
    license: apache,
    purpose: 'The one to begin with: answers in English, trains in minutes on any laptop.',
  },
  {
    id: 'HuggingFaceTB/SmolLM2-135M',
    config: configs.smolLm2Small,
    downloadBytes: 271e6,
    license: apache,
    purpose: 'Continues English texts: for data that are no questions and answers.',
  },
  {
    id: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    config: configs.smolLm2Medium,
    downloadBytes: 726e6,
    license: apache,
    purpose: 'Answers in English, more dependable and slower than the 135M.',
  },
  {
    id: 'HuggingFaceTB/SmolLM2-360M',
    config: configs.smolLm2Medium,
    downloadBytes: 726e6,
    license: apache,
    purpose: 'Continues English texts, more fluently than the 135M.',
  },
  {
    id: 'Qwen/Qwen2.5-0.5B-Instruct',
    config: configs.qwen25,
    downloadBytes: 996e6,
    license: apache,
    purpose: 'Answers in many languages; good at short, structured answers such as JSON.',
  },
  {
    id: 'Qwen/Qwen2.5-0.5B',
    config: configs.qwen25,
    downloadBytes: 996e6,
    license: apache,
    purpose: 'Continues texts in many languages.',
  },
  {
    id: 'Qwen/Qwen3-0.6B',
    config: configs.qwen3,
    downloadBytes: 1.52e9,
    license: apache,
    purpose: 'Answers in many languages, and can think aloud before it does.',
  },
  {
    id: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
    config: configs.tinyLlama,
    downloadBytes: 2.2e9,
    license: apache,
    purpose: 'Chats in English; built like Llama 2, which many guides are about.',
  },
  {
    id: 'HuggingFaceTB/SmolLM2-1.7B-Instruct',
    config: configs.smolLm2Large,
    downloadBytes: 3.43e9,
    license: apache,
    purpose: 'Answers in English; the largest of this list, for machines with much memory and time.',
  },
  {
    id: 'HuggingFaceTB/SmolLM2-1.7B',
    config: configs.smolLm2Large,
    downloadBytes: 3.43e9,
    license: apache,
    purpose: 'Continues English texts; the largest of this list, for machines with much memory and time.',
  },
  {
    id: 'distilbert/distilgpt2',
    config: configs.distilGpt2,
    downloadBytes: 356e6,
    license: apache,
    purpose: 'The quickest: continues English texts, for trying things out.',
  },
  {
    id: 'openai-community/gpt2',
    config: configs.gpt2,
    downloadBytes: 552e6,
    license: 'MIT',
    purpose: 'The classic that papers and courses use: continues English texts.',
  },
];

/** The list, with what this machine makes of each model and whether it is here already. */
export async function listBaseModels(): Promise<readonly ListedModel[]> {
  const facts = new Map<ConfigValues, MemoryNeed & { readonly parameters: number }>();
  const factsOf = (config: ConfigValues, fileBytes: number): MemoryNeed & { readonly parameters: number } => {
    const known = facts.get(config);
    if (known !== undefined) return known;
    const model = readModel(config);
    const found = { parameters: countParameters(model), ...memoryNeed(model, fileBytes) };
    facts.set(config, found);
    return found;
  };
  return Promise.all(
    curatedModels.map(async ({ id, config, downloadBytes, license, purpose }) => ({
      id,
      ...factsOf(config, downloadBytes),
      download_bytes: downloadBytes,
      license,
      purpose,
      folder: (await findInHubCache(id)) ?? null,
    })),
  );
}
