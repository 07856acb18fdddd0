// Trainings by the bundled command line: losses on a device beside the processor's, and how fast it is.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeShapedModel, smollm2Sizes } from '../parity/shapedModel.mjs';
import { run, watchCards } from './program.mjs';

const llama = { architectures: ['LlamaForCausalLM'], model_type: 'llama', rms_norm_eps: 1e-5, hidden_act: 'silu' };
const tokens = { bos_token_id: 1, eos_token_id: 2 };

/** What is trained: `numbers` is a model that has learnt something, the others have random weights of known sizes. */
export const tasks = {
  numbers: { title: 'numbers (learnt)', batch: 8, length: 64, steps: 12, warmup: 2, isAllLinear: true },
  '15m': {
    title: 'stories15M shape',
    batch: 4,
    length: 256,
    steps: 20,
    warmup: 4,
    sizes: {
      ...llama,
      ...tokens,
      hidden_size: 288,
      intermediate_size: 768,
      num_hidden_layers: 6,
      num_attention_heads: 6,
      num_key_value_heads: 6,
      vocab_size: 32000,
      max_position_embeddings: 1024,
      tie_word_embeddings: true,
    },
  },
  '135m': {
    title: 'SmolLM2-135M shape',
    batch: 4,
    length: 256,
    steps: 12,
    warmup: 3,
    sizes: { ...smollm2Sizes, ...tokens },
  },
};

/** The folder of a task's base model, made where it has random weights. */
export function modelOf(place, { sizes }, name) {
  const numbers = path.join(place, 'numbers', 'model');
  if (sizes === undefined) return numbers;
  return makeShapedModel(path.join(place, `model-${name}`), sizes, { tokenizer: path.join(place, 'tokenizer') });
}

/** Trains a task on a device, in a precision; the same rows each time. Gives losses, tokens per second, or what went wrong. */
export async function train(place, name, { device, precision }, { seconds, env }) {
  const task = tasks[name];
  const { batch, length, steps, warmup } = task;
  const folder = path.join(place, `run-${name}-${device}-${precision}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'rows.jsonl'), rows(batch * steps, length));
  const targets = task.isAllLinear ? 'all-linear' : ['q_proj', 'v_proj'];
  const recipe = path.join(folder, 'run.lora.json');
  const settings = {
    base_model: modelOf(place, task, name),
    lora: { r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: targets },
    dataset: { path: 'rows.jsonl', max_length: length, packing: true, shuffle: false, eval_split: 0 },
    training: {
      max_steps: steps,
      per_device_train_batch_size: batch,
      learning_rate: 1e-3,
      lr_scheduler_type: 'constant',
      save_steps: 1000,
    },
    engine: { device, precision },
    output: 'adapter',
  };
  writeFileSync(recipe, JSON.stringify(settings));
  const cards = device === 'cpu' ? undefined : watchCards();
  const given = [path.join(place, 'dist', 'cli.js'), 'train', recipe, '--json'];
  const { code, isOver, lines, stderr } = await run(process.execPath, given, { seconds, env });
  const used = await cards?.end();
  const events = lines.flatMap(({ text, at }) => (text.startsWith('{') ? [{ ...JSON.parse(text), at }] : []));
  const seen = events.filter(({ type }) => type === 'step');
  const times = seen.slice(1).map(({ at }, i) => at - seen[i].at);
  const error =
    code === 0
      ? null
      : isOver
        ? stderr.trim().split('\n').slice(-3).join(' ')
        : `stopped after ${seconds.toFixed(0)} s`;
  return {
    device,
    precision,
    error,
    losses: seen.map(({ loss }) => loss),
    firstStepSeconds: seen[0]?.at ?? null,
    tokensPerSecond: times.length > warmup ? (batch * length) / median(times.slice(warmup - 1)) : null,
    ...(used === undefined ? {} : { card: used }),
  };
}

/** Rows that are each longer than `length` tokens: numbers and commas are a token each. */
function rows(count, length) {
  return Array.from({ length: count }, (_, row) => {
    const numbers = Array.from({ length: length / 2 + 8 }, (_, i) => 1 + ((row * 7 + i * (1 + (row % 5))) % 100));
    return `${JSON.stringify({ text: numbers.join(', ') })}\n`;
  }).join('');
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

/** The largest relative distance of two courses of losses. */
export function apart(losses, expected) {
  const distances = losses.slice(0, expected.length).map((loss, i) => Math.abs(loss / expected[i] - 1));
  return distances.length === 0 ? null : Math.max(...distances);
}
