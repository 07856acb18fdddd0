// `npm run learns`: a user's job, start to end. stories15M learns 1,000 instructions in one epoch, here and with TRL's
// SFTTrainer in several settings, from the same adapter on the same rows in the same order; writes both curves of the
// evaluation loss to media/learns.svg.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { pythonWithRequirements } from './environment.mjs';
import { drawCurves } from './curves.mjs';
import { instructionLines } from './instructions.mjs';
import { keepFreedMemory, measure, percent, waitForQuiet } from './measuredProcess.mjs';

const here = import.meta.dirname;
const root = path.join(here, '../..');
const data = path.resolve(process.env.LORA_TEST_DATA || path.join(root, '../shared/data'));
const model = path.join(data, 'models/stories15M');
const cli = path.join(root, 'dist/cli.js');
const picture = path.join(root, 'media/learns.svg');

const lora = { r: 8, lora_alpha: 16, target_modules: ['q_proj', 'v_proj'] };
const training = {
  num_train_epochs: 1,
  per_device_train_batch_size: 8,
  per_device_eval_batch_size: 8,
  learning_rate: 1e-3,
  lr_scheduler_type: 'cosine',
  weight_decay: 0,
  max_grad_norm: 1,
  eval_steps: 25,
  seed: 42,
};
const evalRows = 100;
/** How far a setting's final loss may be above that of TRL's plain setting to count as the same result. */
const sameLoss = 1.01;

/** Ways to make TRL faster that leave the recipe as it is. Packing is none: eight rows a batch would be eight bins. */
const trlSettings = {
  'TRL, padded batches': { setting: {}, env: {} },
  'TRL, freed memory kept': { setting: {}, env: keepFreedMemory },
  'TRL, like lengths together, memory kept': {
    setting: { train_sampling_strategy: 'group_by_length' },
    env: keepFreedMemory,
  },
  'TRL, padding-free, memory kept': { setting: { padding_free: true, max_length: null }, env: keepFreedMemory },
};
const ours = 'this engine';

const scratch = mkdtempSync(path.join(tmpdir(), 'lora-learns-'));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function main() {
  writeRows();
  const python = pythonWithRequirements();
  const start = { model, lora, init: file('init') };
  writeFileSync(file('start.json'), JSON.stringify(start));
  await measure(python, [path.join(here, 'rival.py'), 'prepare', file('start.json')]);
  console.log(tableRow('', 'wall time', 'peak GB', 'eval loss', 'others used'));
  const results = {};
  const contest = async (name, command, args, output, env = {}) => {
    results[name] = { ...(await run(command, args, env)), loss: await evaluate('--adapter', output) };
    console.log(resultRow(name, results[name]));
  };
  console.log(tableRow('base model', '', '', (await evaluate()).toFixed(3), ''));
  await contest(ours, process.execPath, [cli, 'train', writeRecipe(), '--json'], file('adapter'));
  for (const [name, { setting, env }] of Object.entries(trlSettings)) {
    await contest(name, python, [path.join(here, 'trlRival.py'), writeTrlConfig(setting)], file('trl'), env);
  }
  report(results);
}

/** Loss over all supervised tokens, measured alike for everybody: TRL's own is a mean over batches. */
async function evaluate(...adapter) {
  const args = [cli, 'evaluate', '--base-model', model, ...adapter, '--dataset', file('eval.jsonl'), '--json'];
  const { events } = await measure(process.execPath, args);
  return events[0].eval_loss;
}

async function run(command, args, env) {
  await waitForQuiet();
  const measured = await measure(command, args, { env: { OMP_NUM_THREADS: String(cpus().length), ...env } });
  const evaluations = measured.events.filter(({ type }) => type === 'eval');
  return { ...measured, curve: evaluations.map(({ step, at, eval_loss }) => ({ step, at, loss: eval_loss })) };
}

function tableRow(name, ...cells) {
  return name.padEnd(40) + cells.map((cell) => cell.padStart(16)).join('');
}

function resultRow(name, { seconds, peakBytes, loss, othersShare }) {
  return tableRow(name, `${seconds.toFixed(1)} s`, (peakBytes / 1e9).toFixed(2), loss.toFixed(3), percent(othersShare));
}

function report(results) {
  const settings = Object.keys(trlSettings);
  const sameResult = settings.filter((name) => results[name].loss <= sameLoss * results[settings[0]].loss);
  const rival = sameResult.reduce((best, name) => (results[name].seconds < results[best].seconds ? name : best));
  const [mine, theirs] = [results[ours], results[rival]];
  console.log(`\nfastest of TRL with that loss: ${rival}`);
  console.log(`eval loss, of TRL's: ${(mine.loss / theirs.loss).toFixed(4)} (target 1.01 or less)`);
  console.log(`wall time, of TRL's: ${(mine.seconds / theirs.seconds).toFixed(2)} (target 0.50 or less)`);
  console.log(`peak memory, of TRL's: ${(mine.peakBytes / theirs.peakBytes).toFixed(2)}`);
  const drawn = (curve) => curve.filter(({ step }) => step > 0);
  writeFileSync(picture, drawCurves({ [ours]: drawn(mine.curve), [rival]: drawn(theirs.curve) }));
  console.log(`picture: ${path.relative(process.cwd(), picture)}`);
}

function writeRows() {
  const lines = instructionLines(data);
  writeFileSync(file('train.jsonl'), lines.slice(0, -evalRows).join(''));
  writeFileSync(file('eval.jsonl'), lines.slice(-evalRows).join(''));
}

function writeRecipe() {
  const recipe = {
    base_model: model,
    lora: { ...lora, lora_dropout: 0, init_from: file('init') },
    dataset: {
      path: file('train.jsonl'),
      eval_path: file('eval.jsonl'),
      packing: false,
      shuffle: false,
      max_length: 256,
    },
    training: { ...training, warmup_ratio: 0, save_steps: 1000 },
    output: file('adapter'),
  };
  writeFileSync(file('learns.lora.json'), JSON.stringify(recipe));
  return file('learns.lora.json');
}

function writeTrlConfig(setting) {
  const config = {
    model,
    init: file('init'),
    training: { ...training, train_sampling_strategy: 'sequential' },
    setting,
    train: file('train.jsonl'),
    eval: file('eval.jsonl'),
    output: file('trl'),
    threads: cpus().length,
  };
  writeFileSync(file('trl.json'), JSON.stringify(config));
  return file('trl.json');
}

function file(name) {
  return path.join(scratch, name);
}
