// `npm run bench -- --trl`: a user's job, start to end. stories15M learns 1,000 instructions in one epoch, here and with
// TRL's SFTTrainer in several settings; writes both curves of the evaluation loss to media/learns.svg.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { pythonWithRequirements } from './environment.mjs';
import { drawCurves } from './curves.mjs';
import { measure, percent, waitForQuiet } from './measuredProcess.mjs';

const here = import.meta.dirname;
const root = path.join(here, '../..');
const data = path.resolve(process.env.LORA_TEST_DATA || path.join(root, '../shared/data'));
const model = path.join(data, 'models/stories15M');
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
  'TRL, padded batches': {},
  'TRL, rows of like length together': { train_sampling_strategy: 'group_by_length' },
  'TRL, padding-free': { padding_free: true, max_length: null },
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
  const results = {
    [ours]: await run(process.execPath, [path.join(root, 'dist/cli.js'), 'train', writeRecipe(), '--json']),
  };
  for (const [name, setting] of Object.entries(trlSettings)) {
    results[name] = await run(python, [path.join(here, 'trlRival.py'), writeTrlConfig(setting)]);
  }
  report(results);
}

async function run(command, args) {
  await waitForQuiet();
  const { events, seconds, peakBytes, othersShare } = await measure(command, args, {
    env: { OMP_NUM_THREADS: String(cpus().length) },
  });
  const curve = events
    .filter(({ type }) => type === 'eval')
    .map(({ step, at, eval_loss }) => ({ step, at, loss: eval_loss }));
  return { curve, seconds, peakBytes, othersShare };
}

function report(results) {
  console.log(
    ['', 'wall time', 'peak GB', 'eval loss', 'others used']
      .map((cell, i) => (i === 0 ? cell.padEnd(36) : cell.padStart(16)))
      .join(''),
  );
  for (const [name, { curve, seconds, peakBytes, othersShare }] of Object.entries(results)) {
    const losses = `${curve[0].loss.toFixed(3)} → ${finalLoss(curve).toFixed(3)}`;
    console.log(
      [
        name.padEnd(36),
        `${seconds.toFixed(1)} s`.padStart(16),
        (peakBytes / 1e9).toFixed(2).padStart(16),
        losses.padStart(16),
        percent(othersShare).padStart(16),
      ].join(''),
    );
  }
  const plain = finalLoss(results[Object.keys(trlSettings)[0]].curve);
  const rivals = Object.keys(trlSettings).filter((name) => finalLoss(results[name].curve) <= sameLoss * plain);
  const rival = rivals.reduce((best, name) => (results[name].seconds < results[best].seconds ? name : best));
  const [mine, theirs] = [results[ours], results[rival]];
  console.log(`\nfastest of TRL with that loss: ${rival}`);
  console.log(
    `eval loss, of TRL's: ${(finalLoss(mine.curve) / finalLoss(theirs.curve)).toFixed(4)} (target 1.01 or less)`,
  );
  console.log(`wall time, of TRL's: ${(mine.seconds / theirs.seconds).toFixed(2)} (target 0.50 or less)`);
  console.log(`peak memory, of TRL's: ${(mine.peakBytes / theirs.peakBytes).toFixed(2)}`);
  writeFileSync(picture, drawCurves({ [ours]: mine.curve, [rival]: theirs.curve }));
  console.log(`picture: ${path.relative(process.cwd(), picture)}`);
}

function finalLoss(curve) {
  return curve.at(-1).loss;
}

/** The instructions as prompts and completions, so that both programs read the same words. */
function writeRows() {
  const all = JSON.parse(readFileSync(path.join(data, 'datasets/rasbt-instruction-data.json'), 'utf8'));
  const line = ({ instruction, input, output }) => {
    const extra = input === '' ? '' : `\n\n### Input:\n${input}`;
    return `${JSON.stringify({ prompt: `### Instruction:\n${instruction}${extra}\n\n### Response:\n`, completion: output })}\n`;
  };
  writeFileSync(file('train.jsonl'), all.slice(0, -evalRows).map(line).join(''));
  writeFileSync(file('eval.jsonl'), all.slice(-evalRows).map(line).join(''));
}

function writeRecipe() {
  const recipe = {
    base_model: model,
    lora: { ...lora, lora_dropout: 0 },
    dataset: { path: file('train.jsonl'), eval_path: file('eval.jsonl'), packing: false, max_length: 256 },
    training: { ...training, warmup_ratio: 0, save_steps: 1000 },
    output: file('adapter'),
  };
  writeFileSync(file('learns.lora.json'), JSON.stringify(recipe));
  return file('learns.lora.json');
}

function writeTrlConfig(setting) {
  const config = {
    model,
    lora,
    training,
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
