// The training that benchmarks measure: the same adapter on the same rows, as a recipe and as what rival.py reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { cacheFolder } from './environment.mjs';
import { smollm2Shape } from './shapedModel.mjs';

const here = import.meta.dirname;
const data = path.resolve(process.env.LORA_TEST_DATA || path.join(here, '../../../shared/data'));
export const cli = path.join(here, '../../dist/cli.js');
export const batch = 4;
export const length = 256;
export const lora = { r: 8, lora_alpha: 16, target_modules: ['q_proj', 'v_proj'] };
const learningRate = 1e-3;

/** Sizes as in `config.json`. Steps that warm up are not counted. */
export const models = {
  '15m': {
    title: 'stories15M',
    folder: path.join(data, 'models/stories15M'),
    sizes: JSON.parse(readFileSync(path.join(data, 'models/stories15M/config.json'), 'utf8')),
    warmup: 4,
    steps: 24,
  },
  '135m': {
    title: 'SmolLM2-135M shape, random weights',
    folder: path.join(cacheFolder, 'bench/smollm2-135m-shape'),
    tokenizer: path.join(data, 'tokenizers/smollm2'),
    sizes: smollm2Shape,
    warmup: 2,
    steps: 8,
  },
};

/** Tokens per second as the median over the steps after warm-up, by the times at which their lines came. */
export function reduce({ events, peakBytes, othersShare }, model) {
  const steps = events.filter(({ type }) => type === 'step');
  const durations = steps.slice(1).map(({ at }, i) => at - steps[i].at);
  return {
    speed: (batch * length) / median(durations.slice(model.warmup - 1)),
    peakBytes,
    firstStep: steps[0].at,
    othersShare,
    losses: steps.map(({ loss }) => loss),
  };
}

export function rivalConfig(model, scratch) {
  return {
    model: model.folder,
    ...(model.tokenizer ? { tokenizer: model.tokenizer, shape: model.sizes } : {}),
    init: path.join(scratch, 'init'),
    data: path.join(scratch, 'rows.jsonl'),
    lora,
    batch,
    length,
    learning_rate: learningRate,
    steps: model.steps,
    threads: cpus().length,
  };
}

/**
 * The recipe of the same training.
 * @param {{gradient_checkpointing?: boolean | 'auto', engine?: object}} settings what else it says
 */
export function writeRecipe(model, rival, scratch, { gradient_checkpointing = 'auto', engine = {} }) {
  const recipe = {
    base_model: model.folder,
    lora: { ...lora, lora_dropout: 0, init_from: rival.init },
    dataset: { path: rival.data, max_length: length, packing: true, shuffle: false, eval_split: 0 },
    training: {
      max_steps: model.steps,
      per_device_train_batch_size: batch,
      learning_rate: learningRate,
      lr_scheduler_type: 'constant',
      max_grad_norm: 1,
      save_steps: 1000,
      gradient_checkpointing,
    },
    engine: { threads: rival.threads, ...engine },
    output: path.join(scratch, 'adapter'),
  };
  return writeConfig(scratch, 'bench.lora', recipe);
}

export function writeConfig(scratch, name, config) {
  const file = path.join(scratch, `${name}.json`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Rows of plain text that are each longer than `length` tokens in any of the vocabularies. */
export function writeRows(model, file) {
  const text = readFileSync(path.join(data, 'datasets/tinyshakespeare.txt'), 'utf8');
  const characters = length * 8;
  const rows = Array.from({ length: model.steps * batch }, (_, i) => text.slice(i * characters, (i + 1) * characters));
  writeFileSync(file, rows.map((row) => `${JSON.stringify({ text: row })}\n`).join(''));
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
