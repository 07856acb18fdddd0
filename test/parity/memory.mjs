// `npm run measure:memory [-- part of a name]`: what `lora plan` says a run takes, beside what it took at its peak.
// Each recipe trains a few steps in a process of its own.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheFolder } from './environment.mjs';
import { measure } from './measuredProcess.mjs';
import { makeShapedModel, smollm2Sizes } from './shapedModel.mjs';

const here = import.meta.dirname;
const root = path.join(here, '../..');
const data = path.resolve(process.env.LORA_TEST_DATA || path.join(root, '../shared/data'));
const cli = path.join(root, 'dist/cli.js');
const smollm2 = path.join(cacheFolder, 'bench/smollm2-135m-random');
const smollm2Half = `${smollm2}-bf16`;
const tokenizer = path.join(data, 'tokenizers/smollm2');
const stories = path.join(data, 'models/stories15M');
const batch = (rows, training = {}) => ({ per_device_train_batch_size: rows, ...training });

/** Little but the base model's weights: how they are held shows. */
const held = (base_model, engine = {}) => ({
  base_model,
  rows: 'text',
  length: 256,
  engine,
  training: batch(1, { gradient_checkpointing: true }),
});

/** Name → recipe; rows of `text` are longer than any max_length, those of `sums` have lengths of their own. */
const recipes = {
  numbers: { base_model: path.join(root, 'examples/numbers/model'), rows: 'text', length: 64, training: batch(8) },
  '656K': { base_model: path.join(data, 'models/TinyStories-656K'), rows: 'text', length: 256, training: batch(4) },
  '15M packed': { base_model: stories, rows: 'text', length: 256, training: batch(4) },
  '15M unpacked': { base_model: stories, rows: 'sums', length: 256, packing: false, training: batch(4) },
  '15M keep all': {
    base_model: stories,
    rows: 'text',
    length: 256,
    training: batch(4, { gradient_checkpointing: false }),
  },
  '15M blocks': {
    base_model: stories,
    rows: 'text',
    length: 256,
    training: batch(8, { gradient_checkpointing: true }),
  },
  '15M all-linear': {
    base_model: stories,
    rows: 'text',
    length: 128,
    lora: { r: 32, target_modules: 'all-linear' },
    training: batch(16),
  },
  '15M full': { base_model: stories, rows: 'text', length: 256, method: 'full', training: batch(2) },
  '135M': { base_model: smollm2, rows: 'text', length: 256, training: batch(4) },
  '135M blocks': {
    base_model: smollm2,
    rows: 'text',
    length: 512,
    lora: { r: 16, target_modules: 'all-linear' },
    training: batch(1, { gradient_checkpointing: true }),
  },
  '15M nf4': { base_model: stories, rows: 'text', length: 256, engine: { quantization: 'nf4' }, training: batch(4) },
  '135M blocks bf16': held(smollm2Half),
  '135M blocks fp32': held(smollm2),
  '135M blocks int8': held(smollm2, { quantization: 'int8' }),
  '135M blocks nf4': held(smollm2, { quantization: 'nf4' }),
};

async function train(
  name,
  { base_model, rows, length, packing = true, lora = {}, training, method = 'lora', engine = {} },
) {
  const folder = path.join(scratch, name.replaceAll(' ', '-'));
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'rows.jsonl'), rowsOf[rows](length));
  const recipe = {
    base_model,
    method,
    lora,
    dataset: { path: 'rows.jsonl', max_length: length, packing, eval_split: 0 },
    training: { max_steps: 4, save_steps: 1000, ...training },
    engine: { device: 'cpu', threads: 2, ...engine },
    output: 'out',
  };
  const file = path.join(folder, 'run.lora.json');
  writeFileSync(file, JSON.stringify(recipe));
  const { events, peakBytes } = await measure(process.execPath, [cli, 'train', file, '--json']);
  const { memory, adapter } =
    events.find(({ type }) => type === 'plan').plan ?? events.find(({ type }) => type === 'plan');
  return {
    estimate: method === 'full' ? memory.full_bytes : memory.lora_bytes,
    measured: peakBytes,
    adapter: adapter.file_bytes,
  };
}

const rowsOf = {
  text(length) {
    const text = readFileSync(path.join(data, 'datasets/tinyshakespeare.txt'), 'utf8');
    const characters = length * 8;
    const rows = Array.from({ length: 64 }, (_, i) => text.slice(i * characters, (i + 1) * characters));
    return rows.map((row) => `${JSON.stringify({ text: row })}\n`).join('');
  },
  sums() {
    const text = readFileSync(path.join(data, 'datasets/gsm8k/train.jsonl'), 'utf8').split('\n').slice(0, 64);
    return text
      .map((line) => JSON.parse(line))
      .map(({ question, answer }) => `${JSON.stringify({ prompt: question, completion: answer })}\n`)
      .join('');
  },
};

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}

const wanted = process.argv[2];
makeShapedModel(smollm2, smollm2Sizes, { tokenizer });
makeShapedModel(smollm2Half, smollm2Sizes, { tokenizer, dtype: 'BF16' });
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-memory-'));
try {
  console.log('recipe               estimate MB   measured MB   ratio');
  for (const [name, recipe] of Object.entries(recipes)) {
    if (wanted !== undefined && !name.includes(wanted)) continue;
    const { estimate, measured, adapter } = await train(name, recipe);
    const cells = [name.padEnd(20), megabytes(estimate).padStart(11), megabytes(measured).padStart(13)];
    console.log(`${cells.join(' ')}   ${(estimate / measured).toFixed(2)}   (adapter's weights ${megabytes(adapter)})`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
