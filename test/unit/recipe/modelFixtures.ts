import type { Facts } from '../../../src/recipe/facts';
import { llama } from './sampleFacts';

/** A recipe with one problem in the world of `sampleFacts`, marked ‹like this›, and a near one without it. */
export interface FactFixture {
  readonly code: string;
  readonly failing: string;
  readonly passing: string;
  readonly says?: RegExp;
  /** What is different in the world of the failing recipe. */
  readonly facts?: Facts;
  /** What is different in the world of the other; the same without it. */
  readonly otherFacts?: Facts;
  /** The text after the preferred fix, or after the only one. */
  readonly fixed?: string;
}

export function withLora(lora: string): string {
  return `{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "lora": { ${lora} } }`;
}

export function withDataset(dataset: string): string {
  return `{ "base_model": "m", "dataset": { "path": "d.jsonl", ${dataset} } }`;
}

const bare = '{ "base_model": "m", "dataset": { "path": "d.jsonl" } }';
const untied = { ...llama, tied: [] };

export const modelFixtures: readonly FactFixture[] = [
  {
    code: 'targets-missing',
    failing: '‹{› "base_model": "m", "dataset": { "path": "d.jsonl" } }',
    passing: withLora('"target_modules": "all-linear"'),
    facts: { model: { ...llama, defaultTargets: [] } },
    fixed: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "lora": { "target_modules": "all-linear" } }',
  },
  {
    code: 'target-not-found',
    failing: withLora('"target_modules": ["q_proj", ‹"v_prj"›]'),
    passing: withLora('"target_modules": ["q_proj", "v_proj"]'),
    says: /Did you mean "v_proj"/,
  },
  {
    code: 'target-not-found',
    failing: withLora('"target_modules": [‹"query_key_value"›]'),
    passing: withLora('"target_modules": ["q_proj", "k_proj", "v_proj"]'),
    says: /name of GPT-NeoX.* models; here the same is "q_proj", "k_proj", "v_proj"/,
    fixed: withLora('"target_modules": ["q_proj", "k_proj", "v_proj"]'),
  },
  {
    code: 'target-not-found',
    failing: withLora(String.raw`"target_modules": ‹".*\\.attention\\..*"›`),
    passing: withLora(String.raw`"target_modules": ".*\\.self_attn\\.[qv]_proj"`),
  },
  {
    code: 'target-outside-layers',
    failing: withLora('"target_modules": ["q_proj", ‹"embed_tokens"›], "layers_to_transform": [1]'),
    passing: withLora('"target_modules": ["q_proj", "up_proj"], "layers_to_transform": [1]'),
    facts: { model: untied },
  },
  {
    code: 'targets-all-saved',
    failing: withLora('"target_modules": ‹".*q_proj"›, "modules_to_save": ["q_proj"]'),
    passing: withLora('"target_modules": ".*v_proj", "modules_to_save": ["q_proj"]'),
  },
  {
    code: 'target-unsupported',
    failing: withLora('"target_modules": ["q_proj", ‹"input_layernorm"›]'),
    passing: withLora('"target_modules": ["q_proj"], "modules_to_save": ["input_layernorm"]'),
    says: /a normalization/,
  },
  {
    code: 'target-unsupported',
    failing: withLora('"target_modules": [‹"mlp"›]'),
    passing: withLora('"target_modules": ["up_proj", "down_proj"]'),
    says: /group of layers.*up_proj, down_proj/,
    fixed: withLora('"target_modules": ["up_proj", "down_proj"]'),
  },
  {
    code: 'target-tied',
    failing: withLora('"target_modules": ["q_proj", ‹"lm_head"›]'),
    passing: withLora('"target_modules": ["q_proj", "lm_head"]'),
    otherFacts: { model: untied },
    fixed: withLora('"target_modules": ["q_proj"]'),
  },
  {
    code: 'rank-too-large',
    failing: withLora('"r": ‹20›, "lora_alpha": 20'),
    passing: withLora('"r": 16, "lora_alpha": 20'),
    says: /32 inputs and 16 outputs/,
    fixed: withLora('"r": 16, "lora_alpha": 20'),
  },
  {
    code: 'rank-too-large',
    failing: withLora('"rank_pattern": { "v_proj": ‹64› }'),
    passing: withLora('"rank_pattern": { "v_proj": 16 }'),
  },
  {
    code: 'layer-out-of-range',
    failing: withLora('"layers_to_transform": [0, ‹2›]'),
    passing: withLora('"layers_to_transform": [0, 1]'),
    says: /layers are 0 to 1/,
    fixed: withLora('"layers_to_transform": [0]'),
  },
  {
    code: 'layer-out-of-range',
    failing: withLora('"target_modules": ["model.layers.0.self_attn.q_proj"], "layers_to_transform": ‹7›'),
    passing: withLora('"target_modules": ["model.layers.0.self_attn.q_proj"]'),
  },
  {
    code: 'modules-to-save-not-found',
    failing: withLora('"modules_to_save": [‹"classifier"›]'),
    passing: withLora('"modules_to_save": ["norm"]'),
    says: /Its layers are/,
  },
  {
    code: 'modules-to-save-unsupported',
    failing: withLora('"target_modules": ["model.embed_tokens"], "modules_to_save": [‹"model.layers"›]'),
    passing: withLora('"target_modules": ["model.embed_tokens"], "modules_to_save": ["model.layers.1"]'),
    facts: { model: untied },
  },
  {
    code: 'saved-and-adapted',
    failing: withLora('"target_modules": ["q_proj", "v_proj"], "modules_to_save": [‹"_proj"›]'),
    passing: withLora('"target_modules": ["q_proj", "v_proj"], "modules_to_save": ["up_proj"]'),
  },
  {
    code: 'saved-tied',
    failing: withLora('"modules_to_save": [‹"lm_head"›]'),
    passing: withLora('"modules_to_save": ["lm_head"]'),
    otherFacts: { model: untied },
  },
  {
    code: 'pattern-without-effect',
    failing: withLora('"rank_pattern": { ‹"k_proj"›: 4 }'),
    passing: withLora('"rank_pattern": { "q_proj": 4 }'),
    says: /only layers that get no adapter/,
  },
  {
    code: 'pattern-without-effect',
    failing: withLora('"alpha_pattern": { ‹"attention"›: 4 }'),
    passing: withLora('"alpha_pattern": { "v_proj": 4 }'),
    says: /no layer of this model/,
  },
  {
    code: 'exclude-without-effect',
    failing: withLora('"exclude_modules": [‹"k_proj"›]'),
    passing: withLora('"exclude_modules": ["layers.0.self_attn.v_proj"]'),
    fixed: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "lora": {  } }',
  },
  {
    code: 'exclude-without-effect',
    failing: withLora(String.raw`"exclude_modules": ‹".*\\.k_proj"›`),
    passing: withLora(String.raw`"exclude_modules": ".*\\.0\\..*"`),
  },
  {
    code: 'pattern-too-slow',
    failing: withLora('"target_modules": ‹"((([a-z._0-9]+)+)+)+!"›'),
    passing: withLora('"target_modules": ".*v_proj"'),
    says: /Repetitions inside of repetitions/,
  },
  {
    code: 'max-length-beyond-context',
    failing: withDataset('"max_length": ‹512›'),
    passing: withDataset('"max_length": 256'),
    facts: { model: { ...llama, positionsAreLearnt: true } },
    fixed: withDataset('"max_length": 256'),
  },
  {
    code: 'max-length-above-context',
    failing: withDataset('"max_length": ‹512›'),
    passing: withDataset('"max_length": 256'),
  },
  {
    code: 'deploy-embedding',
    failing: `{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "deploy_to": "gguf", "lora": { "target_modules": ‹["q_proj", "lm_head"]› } }`,
    passing: bare.replace(' }', ', "deploy_to": "gguf" }').replace('"d.jsonl", "deploy_to": "gguf" }', '"d.jsonl" }'),
    facts: { model: untied },
  },
];
