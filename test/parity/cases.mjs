// The comparisons that `npm run parity` makes. A case says how the model's files look, what the adapter and the
// dataset are, and which settings of the recipe differ from `defaults`; keys are those of PEFT and of the recipe.

const attention = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
const mlp = ['gate_proj', 'up_proj', 'down_proj'];
const allBiases = { attention_bias: true, mlp_bias: true };

/** Ten steps with accumulation over rows of unequal length, and gradients that are longer than their limit. */
const training = {
  max_steps: 10,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 2,
  learning_rate: 5e-3,
  max_grad_norm: 0.3,
};

const defaults = {
  model: { family: 'llama' },
  lora: { r: 8, lora_alpha: 16, target_modules: ['q_proj', 'v_proj'] },
  /** `random`: an adapter that already changes the model; `standard`: B is zero; null: the engine makes its own. */
  start: 'random',
  data: { kind: 'prompt-completion', rows: 22 },
  dataset: { shuffle: false, eval_split: 0, packing: false },
  training,
};

/** Adds up settings: what `settings` says about a part of the case replaces only the keys that it names. */
export function makeCase(name, settings = {}) {
  const merged = { name, ...defaults, ...settings };
  for (const part of ['model', 'lora', 'data', 'dataset', 'training']) {
    merged[part] = { ...defaults[part], ...settings[part] };
  }
  return merged;
}

/** The recipe of a case whose files are in `folder`; what the run writes goes to `run`. */
export function recipeOf(spec, folder, run) {
  return {
    name: spec.name,
    base_model: `${folder}/model`,
    method: spec.method ?? 'lora',
    ...(spec.method === 'full'
      ? {}
      : { lora: { lora_dropout: 0, ...spec.lora, init_from: spec.start === null ? null : `${folder}/init` } }),
    dataset: { path: `${folder}/train.jsonl`, ...spec.dataset },
    training: spec.training,
    output: `${run}/output`,
  };
}

const rope = (rope_parameters) => ({ config: { rope_parameters: { rope_theta: 10000, ...rope_parameters } } });
const linear = rope({ rope_type: 'linear', factor: 4 });
const llama3 = rope({
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
});
const yarn = rope({ rope_type: 'yarn', factor: 4, original_max_position_embeddings: 64 });
const yarnInFull = rope({
  rope_type: 'yarn',
  factor: 8,
  original_max_position_embeddings: 32,
  beta_fast: 16,
  beta_slow: 2,
  mscale: 1,
  mscale_all_dim: 0.5,
  truncate: false,
});

const families = [
  makeCase('llama-gqa'),
  makeCase('llama-tied', { model: { config: { tie_word_embeddings: true } }, start: 'standard' }),
  makeCase('llama-tied-stored-as-head', {
    model: { config: { tie_word_embeddings: true }, files: 'tied-as-head' },
  }),
  makeCase('llama-biases-head-dim', {
    model: { config: { ...allBiases, head_dim: 24 } },
    lora: { target_modules: [...attention, ...mlp] },
  }),
  makeCase('llama-multi-query', { model: { config: { num_key_value_heads: 1, num_hidden_layers: 3 } } }),
  makeCase('llama-rope-linear', { model: linear }),
  makeCase('llama-rope-llama3', { model: llama3 }),
  makeCase('llama-rope-yarn', { model: yarn }),
  makeCase('llama-rope-yarn-in-full', { model: yarnInFull }),
  makeCase('llama-rope-theta-spelling-4', { model: { config: rope({ rope_theta: 500 }).config, spelling: 4 } }),
  makeCase('llama-rope-linear-spelling-4', { model: { ...linear, spelling: 4 } }),
  makeCase('llama-rope-llama3-spelling-4', { model: { ...llama3, spelling: 4 } }),
  makeCase('llama-rope-yarn-spelling-4', { model: { ...yarn, spelling: 4 } }),
  makeCase('llama-bf16', { model: { dtype: 'bfloat16' } }),
  makeCase('llama-fp16', { model: { dtype: 'float16' } }),
  makeCase('llama-sharded', { model: { sharded: true } }),
  makeCase('llama-sharded-bf16-tied', {
    model: { sharded: true, dtype: 'bfloat16', config: { tie_word_embeddings: true } },
  }),
  makeCase('gpt2', { model: { family: 'gpt2' }, lora: { target_modules: ['c_attn'] } }),
  makeCase('gpt2-all-targets', {
    model: { family: 'gpt2' },
    lora: { target_modules: ['c_attn', 'c_proj', 'c_fc'] },
    start: 'standard',
  }),
  makeCase('gpt2-no-prefix', { model: { family: 'gpt2', files: 'no-prefix' }, lora: { target_modules: ['c_attn'] } }),
  makeCase('gpt2-gelu-fp16', {
    model: { family: 'gpt2', dtype: 'float16', config: { activation_function: 'gelu' } },
    lora: { target_modules: ['c_attn', 'c_fc'] },
  }),
  makeCase('mistral-window', { model: { family: 'mistral' }, data: { kind: 'text' } }),
  makeCase('mistral-no-window-spelling-4', {
    model: { family: 'mistral', config: { sliding_window: null }, spelling: 4 },
  }),
  makeCase('qwen2', { model: { family: 'qwen2' } }),
  makeCase('qwen2-tied-bf16-spelling-4', {
    model: { family: 'qwen2', spelling: 4, dtype: 'bfloat16', config: { tie_word_embeddings: true } },
  }),
  makeCase('qwen3', { model: { family: 'qwen3' }, lora: { target_modules: attention } }),
  makeCase('qwen3-tied-spelling-4', {
    model: { family: 'qwen3', spelling: 4, config: { tie_word_embeddings: true } },
    start: 'standard',
  }),
];

const settings = [
  makeCase('rslora', { lora: { use_rslora: true, r: 12 } }),
  makeCase('patterns', {
    lora: {
      target_modules: [...attention, 'down_proj'],
      rank_pattern: { 'layers.0.self_attn.q_proj': 16, down_proj: 2 },
      alpha_pattern: { '.*v_proj': 4, 'layers\\.1\\..*_proj': 64 },
    },
  }),
  makeCase('rslora-patterns', {
    lora: { use_rslora: true, rank_pattern: { v_proj: 3 }, alpha_pattern: { q_proj: 5 } },
  }),
  makeCase('regex', { lora: { target_modules: '.*layers\\.1\\.(self_attn\\.[qk]_proj|mlp\\.up_proj)' } }),
  makeCase('all-linear', { lora: { target_modules: 'all-linear' } }),
  makeCase('gpt2-all-linear', { model: { family: 'gpt2' }, lora: { target_modules: 'all-linear' } }),
  makeCase('exclude', {
    lora: { target_modules: attention, exclude_modules: ['layers.0.self_attn.q_proj', 'layers.1.self_attn.k_proj'] },
  }),
  makeCase('exclude-regex', { lora: { target_modules: 'all-linear', exclude_modules: '.*\\.0\\.mlp\\..*' } }),
  makeCase('upper-layer-only', { lora: { layers_to_transform: [1] } }),
  makeCase('one-layer', { lora: { layers_to_transform: 0 }, start: 'standard' }),
  makeCase('save-head', { lora: { modules_to_save: ['lm_head'] } }),
  makeCase('save-embedding', { lora: { modules_to_save: ['embed_tokens'] } }),
  makeCase('save-embedding-and-head', { lora: { modules_to_save: ['embed_tokens', 'lm_head'] }, start: 'standard' }),
  makeCase('gpt2-save-head', {
    model: { family: 'gpt2', config: { tie_word_embeddings: false } },
    lora: { target_modules: ['c_attn'], modules_to_save: ['lm_head'] },
  }),
  makeCase('target-head', { lora: { target_modules: ['q_proj', 'lm_head'] } }),
  makeCase('target-embedding', { lora: { target_modules: ['v_proj', 'embed_tokens'] } }),
  makeCase('bias-all', { model: { config: allBiases }, lora: { bias: 'all' } }),
  makeCase('bias-lora-only', {
    model: { config: allBiases },
    lora: { bias: 'lora_only', target_modules: ['v_proj', 'up_proj'] },
  }),
  makeCase('qwen2-bias-all', { model: { family: 'qwen2' }, lora: { bias: 'all' } }),
  // GPT-2's key bias has no effect and so a gradient of pure rounding, which Adam would blow up to full steps.
  makeCase('gpt2-bias-all', {
    model: { family: 'gpt2' },
    lora: { target_modules: ['c_attn'], bias: 'all' },
    training: { adam_epsilon: 1e-3 },
  }),
  makeCase('pissa', { lora: { init_lora_weights: 'pissa' }, start: null, training: { learning_rate: 1e-3 } }),
  makeCase('olora', { lora: { init_lora_weights: 'olora' }, start: null, training: { learning_rate: 1e-3 } }),
  makeCase('gpt2-pissa', {
    model: { family: 'gpt2' },
    lora: { target_modules: ['c_attn', 'c_proj'], init_lora_weights: 'pissa' },
    start: null,
    training: { learning_rate: 1e-3 },
  }),
  makeCase('full', { method: 'full', start: null, training: { learning_rate: 1e-3, weight_decay: 0.1 } }),
  makeCase('full-tied', {
    method: 'full',
    start: null,
    model: { config: { tie_word_embeddings: true } },
    training: { learning_rate: 1e-3 },
  }),
  makeCase('full-gpt2', {
    method: 'full',
    start: null,
    model: { family: 'gpt2' },
    training: { learning_rate: 1e-3, adam_epsilon: 1e-3 },
  }),
];

const trainingSettings = [
  makeCase('constant', { training: { lr_scheduler_type: 'constant' } }),
  makeCase('constant-with-warmup', { training: { lr_scheduler_type: 'constant_with_warmup', warmup_steps: 4 } }),
  makeCase('linear', { training: { lr_scheduler_type: 'linear', warmup_ratio: 0.25 } }),
  makeCase('cosine-without-warmup', { training: { lr_scheduler_type: 'cosine', warmup_ratio: 0 } }),
  makeCase('epochs', { training: { max_steps: -1, num_train_epochs: 1.5, gradient_accumulation_steps: 1 } }),
  makeCase('no-clipping', { training: { max_grad_norm: 0 } }),
  makeCase('adam', { training: { weight_decay: 0.1, adam_beta1: 0.8, adam_beta2: 0.95, adam_epsilon: 1e-6 } }),
  makeCase('accumulation-3', { training: { per_device_train_batch_size: 3, gradient_accumulation_steps: 3 } }),
  makeCase('batch-1', { training: { per_device_train_batch_size: 1, gradient_accumulation_steps: 1 } }),
  makeCase('recompute', { training: { gradient_checkpointing: true }, lora: { target_modules: 'all-linear' } }),
  makeCase('no-recompute', { training: { gradient_checkpointing: false }, lora: { target_modules: 'all-linear' } }),
  makeCase('gpt2-recompute', {
    model: { family: 'gpt2' },
    lora: { target_modules: ['c_attn'] },
    training: { gradient_checkpointing: true },
  }),
];

/**
 * Which rows share a bin is the packer's choice, so each step takes all of them. Steps on the same rows have nearly
 * the same gradients; the larger epsilon keeps Adam from making full steps of those that are mere rounding.
 */
const packed = {
  data: { rows: 12 },
  dataset: { packing: true, max_length: 96 },
  training: { per_device_train_batch_size: 12, adam_epsilon: 1e-5 },
};
const data = [
  makeCase('text', { data: { kind: 'text' } }),
  makeCase('whole-rows', { dataset: { completion_only_loss: false } }),
  makeCase('messages', { model: { chat: 'plain' }, data: { kind: 'messages' } }),
  makeCase('messages-marked', { model: { chat: 'marked' }, data: { kind: 'messages' } }),
  makeCase('sharegpt', { model: { chat: 'plain' }, data: { kind: 'sharegpt' } }),
  makeCase('chat-completion', { model: { chat: 'plain', family: 'qwen2' }, data: { kind: 'chat-completion' } }),
  makeCase('alpaca', { data: { kind: 'alpaca' } }),
  makeCase('columns', { dataset: { columns: { prompt: 'question', completion: 'answer' } } }),
  makeCase('cut', { dataset: { max_length: 9 } }),
  makeCase('no-pad-token', { model: { pad: false } }),
  makeCase('packing', packed),
  makeCase('packing-mistral', { ...packed, model: { family: 'mistral' } }),
  makeCase('packing-gpt2', { ...packed, model: { family: 'gpt2' }, lora: { target_modules: ['c_attn'] } }),
  makeCase('packing-qwen3-text', { ...packed, model: { family: 'qwen3' }, data: { kind: 'text', rows: 12 } }),
];

export const cases = [...families, ...settings, ...trainingSettings, ...data];
