// `npm run learns:quantized`: what holding the base model in fewer bits does to what is learnt. First the blocks of nf4 beside
// those of bitsandbytes, number by number; then the same adapter, rows and order on stories15M and on the shape of
// SmolLM2-135M, with the base model in 32 bits, int8, nf4 and int4. Writes the curves to media/quantized.svg. What it saves is
// measured by `npm run measure:memory`.
//   --model 15m|135m   one of both
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { drawCurves } from './curves.mjs';
import { cacheFolder, pythonWithRequirements } from './environment.mjs';
import { instructionLines } from './instructions.mjs';
import { measure, percent, waitForQuiet } from './measuredProcess.mjs';
import { makeShapedModel, smollm2Sizes } from './shapedModel.mjs';

const here = import.meta.dirname;
const root = path.join(here, '../..');
const data = path.resolve(process.env.LORA_TEST_DATA || path.join(root, '../shared/data'));
const cli = path.join(root, 'dist/cli.js');
const picture = path.join(root, 'media/quantized.svg');
const bitsandbytes = 'bitsandbytes==0.50.2';
const formats = { '32 bits': 'none', int8: 'int8', nf4: 'nf4', int4: 'int4' };

const models = {
  '15m': {
    title: 'stories15M, 1,000 instructions, batch 8',
    folder: path.join(data, 'models/stories15M'),
    training: { num_train_epochs: 1, per_device_train_batch_size: 8, eval_steps: 25 },
    lora: { r: 8, lora_alpha: 16, target_modules: 'all-linear' },
    length: 256,
  },
  '135m': {
    title: 'SmolLM2-135M shape, random weights, batch 2',
    folder: path.join(cacheFolder, 'bench/smollm2-135m-random'),
    training: { max_steps: 40, per_device_train_batch_size: 2, eval_steps: 10 },
    lora: { r: 8, lora_alpha: 16, target_modules: 'all-linear' },
    length: 128,
  },
};

const { values: options } = parseArgs({ options: { model: { type: 'string' } } });
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-quantized-'));
try {
  await compareBlocks();
  makeShapedModel(models['135m'].folder, smollm2Sizes, { tokenizer: path.join(data, 'tokenizers/smollm2') });
  writeRows();
  for (const name of options.model === undefined ? Object.keys(models) : [options.model]) await compare(models[name]);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Random numbers and borders between codes, in blocks by both: no number may differ by more than its last digit. */
async function compareBlocks() {
  const bundle = path.join(scratch, 'blocks.cjs');
  await build({
    entryPoints: [path.join(root, 'src/engine/formats/blocks.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  const { blockForm, decodeBlocks, encodeBlocks } = (await import(bundle)).default;
  const python = pythonWithRequirements();
  const place = path.join(cacheFolder, bitsandbytes.replace('==', '-'));
  if (!existsSync(place)) installBeside(python, place);
  execFileSync(python, [path.join(here, 'blocks.py'), file('numbers.bin'), file('theirs.bin')], {
    env: { ...process.env, PYTHONPATH: place },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const numbers = floats(file('numbers.bin'));
  const ours = decodeBlocks(blockForm('nf4'), encodeBlocks('nf4', numbers));
  const theirs = floats(file('theirs.bin'));
  let [different, worst] = [0, 0];
  ours.forEach((value, i) => {
    if (value === theirs[i]) return;
    different++;
    worst = Math.max(worst, Math.abs(value - theirs[i]) / Math.abs(theirs[i]));
  });
  console.log(
    `nf4 of ${bitsandbytes}: ${numbers.length} numbers, ${different} others, the worst by ${worst.toExponential(1)} of itself`,
  );
  if (numbers.length === 0 || worst > 2e-7) throw new Error('The blocks of nf4 are not those of bitsandbytes.');
}

/** One package beside those of an environment: it needs nothing that is not there. */
function installBeside(python, place) {
  const draft = `${place}.making-${process.pid}`;
  execFileSync(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', draft, bitsandbytes],
    { stdio: ['ignore', 2, 2] },
  );
  execFileSync('mv', ['-T', draft, place]);
}

function floats(name) {
  const bytes = readFileSync(name);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

async function compare(model) {
  console.log(`\n${model.title}`);
  console.log(
    ['base model in', 'eval loss', 'of 32 bits', 'loss apart', 'tokens/s', 'others used']
      .map((cell, i) => (i === 0 ? cell.padEnd(14) : cell.padStart(12)))
      .join(''),
  );
  const runs = {};
  for (const [name, quantization] of Object.entries(formats)) {
    await waitForQuiet();
    const { events, othersShare } = await measure(process.execPath, [
      ...[cli, 'train', recipe(model, quantization), '--json'],
    ]);
    const steps = events.filter(({ type }) => type === 'step');
    const speeds = steps.slice(2).map(({ tokens_per_second: speed }) => speed);
    const curve = events
      .filter(({ type }) => type === 'eval')
      .map(({ step, at, eval_loss: loss }) => ({ step, at, loss }));
    runs[name] = { steps, curve };
    const first = runs['32 bits'];
    const last = curve.at(-1).loss;
    const apart = Math.max(...steps.map(({ loss }, i) => Math.abs(loss / first.steps[i].loss - 1)));
    const cells = [
      last.toFixed(4),
      (last / first.curve.at(-1).loss).toFixed(4),
      apart.toExponential(1),
      median(speeds).toFixed(0),
      percent(othersShare),
    ];
    console.log(name.padEnd(14) + cells.map((cell) => cell.padStart(12)).join(''));
  }
  if (model !== models['15m']) return;
  const curves = Object.fromEntries(Object.entries(runs).map(([name, { curve }]) => [name, curve]));
  writeFileSync(
    picture,
    drawCurves(curves, [{ key: 'step', title: 'Evaluation loss by step', unit: 'optimizer step' }]),
  );
  console.log(`picture: ${path.relative(process.cwd(), picture)}`);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function writeRows() {
  const lines = instructionLines(data);
  writeFileSync(file('train.jsonl'), lines.slice(0, 1000).join(''));
  writeFileSync(file('eval.jsonl'), lines.slice(1000, 1050).join(''));
}

/** Dropout is off and the seed is the same: all runs see the same rows and begin with the same adapter. */
function recipe({ folder, training, lora, length }, quantization) {
  const place = file(`${path.basename(folder)}-${quantization}`);
  mkdirSync(place);
  const text = {
    base_model: folder,
    lora: { ...lora, lora_dropout: 0 },
    dataset: { path: file('train.jsonl'), eval_path: file('eval.jsonl'), max_length: length, packing: false },
    training: { learning_rate: 1e-3, lr_scheduler_type: 'cosine', save_steps: 1000, seed: 42, ...training },
    engine: { device: 'cpu', quantization },
    output: path.join(place, 'adapter'),
  };
  writeFileSync(path.join(place, 'run.lora.json'), JSON.stringify(text));
  return path.join(place, 'run.lora.json');
}

function file(name) {
  return path.join(scratch, name);
}
