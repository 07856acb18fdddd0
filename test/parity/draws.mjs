// Random combinations of family and settings: what nobody thought of naming.
import { makeCase } from './cases.mjs';

/** N cases that depend on the seed alone. */
export function drawCases(count, seed) {
  return Array.from({ length: count }, (_, i) => draw(i, randomSource(seed * 100003 + i)));
}

/** Uniform numbers in [0, 1): mulberry32. */
function randomSource(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

function draw(i, random) {
  const pick = (...choices) => choices[Math.floor(random() * choices.length)];
  const chance = (share) => random() < share;
  const family = pick('llama', 'llama', 'mistral', 'qwen2', 'qwen3', 'gpt2');
  const data = drawData(pick);
  const spec = {
    start: pick('random', 'standard'),
    model: { ...drawModel(family, pick, chance), ...data.model },
    lora: drawLora(family, pick, chance),
    data: { kind: data.kind, rows: pick(9, 16, 22), seed: i },
    training: drawTraining(pick, chance),
  };
  if (chance(0.3)) spec.dataset = { max_length: pick(16, 24, 48) };
  return makeCase(`draw-${i}-${family}`, spec);
}

function drawModel(family, pick, chance) {
  const common = {
    family,
    seed: pick(1, 2, 3, 4),
    dtype: pick('float32', 'bfloat16', 'float16'),
    spelling: pick(4, 5),
  };
  const tie = { tie_word_embeddings: chance(0.5) };
  if (family === 'gpt2')
    return {
      ...common,
      config: { n_layer: pick(1, 2, 3), n_head: pick(2, 4), activation_function: pick('gelu_new', 'gelu') },
    };
  const config = {
    ...tie,
    num_hidden_layers: pick(1, 2, 3),
    num_key_value_heads: pick(1, 2, 4),
    hidden_size: pick(64, 96),
    rms_norm_eps: pick(1e-5, 1e-6),
    rope_parameters: drawRope(family, pick),
  };
  if (family === 'llama')
    Object.assign(config, { attention_bias: chance(0.3), mlp_bias: chance(0.3), head_dim: pick(16, 24) });
  if (family === 'mistral') config.sliding_window = pick(4, 11, null);
  return { ...common, config, sharded: chance(0.2) };
}

function drawRope(family, pick) {
  const theta = { rope_theta: pick(10000, 500000) };
  const original = { original_max_position_embeddings: pick(32, 64) };
  return pick(
    { ...theta, rope_type: 'default' },
    { ...theta, rope_type: 'linear', factor: pick(2, 4) },
    { ...theta, ...original, rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
    { ...theta, ...original, rope_type: 'yarn', factor: pick(4, 8) },
  );
}

function drawLora(family, pick, chance) {
  const names =
    family === 'gpt2'
      ? ['c_attn', 'c_proj', 'c_fc']
      : ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
  const some = names.filter(() => chance(0.4));
  const list = some.length > 0 ? some : [pick(...names)];
  const targets = pick(list, list, list, 'all-linear', `.*\\.(${list.join('|')})`);
  const r = pick(1, 2, 4, 8, 16);
  const lora = {
    r,
    lora_alpha: r * pick(0.5, 1, 2),
    target_modules: targets,
    use_rslora: chance(0.3),
  };
  if (chance(0.3)) lora.rank_pattern = { [pick(...list)]: pick(3, 5, 12) };
  if (chance(0.3)) lora.alpha_pattern = { [pick(...list)]: pick(3, 7) };
  if (Array.isArray(targets) && chance(0.2)) lora.layers_to_transform = [0];
  if (!Array.isArray(targets) && list.length > 1 && chance(0.3)) lora.exclude_modules = [pick(...list.slice(1))];
  return lora;
}

function drawTraining(pick, chance) {
  return {
    max_steps: pick(6, 10),
    per_device_train_batch_size: pick(1, 2, 4),
    gradient_accumulation_steps: pick(1, 2, 3),
    learning_rate: pick(1e-3, 5e-3),
    lr_scheduler_type: pick('constant', 'constant_with_warmup', 'linear', 'cosine'),
    ...pick({ warmup_ratio: pick(0, 0.1, 0.3) }, { warmup_steps: pick(0, 1, 3) }),
    weight_decay: pick(0, 0.01, 0.1),
    max_grad_norm: pick(0, 0.2, 1),
    adam_beta2: pick(0.95, 0.999),
    // Where a window holds all rows, gradients that are mere rounding repeat; see `packed` in cases.mjs.
    adam_epsilon: pick(1e-6, 1e-5),
    gradient_checkpointing: chance(0.4) ? pick(true, false) : 'auto',
  };
}

function drawData(pick) {
  return pick(
    { kind: 'prompt-completion' },
    { kind: 'prompt-completion' },
    { kind: 'text' },
    { kind: 'messages', model: { chat: pick('plain', 'marked') } },
    { kind: 'sharegpt', model: { chat: 'plain' } },
  );
}
