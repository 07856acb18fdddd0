// `npm run bench:runtimes`: one table of every runtime and device that this computer has, beside PEFT. They train the same
// adapter of stories15M (from LORA_TEST_DATA) on the same rows, alternately.
//   --rounds N    default 3
//   --steps N     default 24, of which the first 4 are not counted
//   --profile     afterwards where TensorFlow's time goes, kernel by kernel
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { pythonWithRequirements } from './environment.mjs';
import { measure, percent, waitForQuiet } from './measuredProcess.mjs';

const here = import.meta.dirname;
const data = path.resolve(process.env.LORA_TEST_DATA || path.join(here, '../../../shared/data'));
const cli = path.join(here, '../../dist/cli.js');
const model = path.join(data, 'models/stories15M');
const [batch, length, warmup] = [4, 256, 4];
const lora = { r: 8, lora_alpha: 16, target_modules: ['q_proj', 'v_proj'] };

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '24' },
    profile: { type: 'boolean', default: false },
  },
});
const steps = Number(options.steps);
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-runtimes-'));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function main() {
  const python = pythonWithRequirements();
  const rival = {
    model,
    init: path.join(scratch, 'init'),
    data: path.join(scratch, 'rows.jsonl'),
    lora,
    batch,
    length,
    learning_rate: 1e-3,
    steps,
    threads: cpus().length,
    gradient_checkpointing: false,
  };
  const text = readFileSync(path.join(data, 'datasets/tinyshakespeare.txt'), 'utf8');
  const rows = Array.from({ length: steps * batch }, (_, i) => text.slice(i * length * 8, (i + 1) * length * 8));
  writeFileSync(rival.data, rows.map((row) => `${JSON.stringify({ text: row })}\n`).join(''));
  await measure(python, [path.join(here, 'rival.py'), 'prepare', config('prepare', rival)]);

  const peft = {
    title: 'PEFT on PyTorch, cpu',
    command: [python, path.join(here, 'rival.py'), 'train', config('train', rival)],
  };
  const contestants = [...usable().map((one) => ours(one, rival)), peft];
  const results = contestants.map(() => []);
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const [i, { title, command }] of contestants.entries()) {
      await waitForQuiet();
      const [program, ...given] = command;
      const result = reduce(await measure(program, given));
      results[i].push(result);
      console.error(
        `round ${round}: ${title}, ${result.speed.toFixed(0)} tokens/s; others used ${percent(result.others)}`,
      );
    }
  }
  table(contestants, results);
  if (options.profile) profile(contestants);
}

/** Runtimes and devices that `lora doctor` finds usable, without the slow reference. */
function usable() {
  const { stdout } = spawnSync(process.execPath, [cli, 'doctor', '--json'], { encoding: 'utf8' });
  return JSON.parse(stdout).devices.filter((one) => one.usable && one.runtime !== 'reference');
}

function ours({ runtime, device }, rival) {
  const recipe = {
    base_model: model,
    lora: { ...lora, lora_dropout: 0, init_from: rival.init },
    dataset: { path: rival.data, max_length: length, packing: true, shuffle: false, eval_split: 0 },
    training: {
      max_steps: steps,
      per_device_train_batch_size: batch,
      learning_rate: rival.learning_rate,
      lr_scheduler_type: 'constant',
      max_grad_norm: 1,
      save_steps: 1000,
    },
    engine: { runtime, device, threads: rival.threads },
    output: path.join(scratch, `adapter-${runtime}-${device}`),
  };
  const file = config(`${runtime}-${device}.lora`, recipe);
  return { title: `${runtime}, ${device}`, runtime, command: [process.execPath, cli, 'train', file, '--json'] };
}

function config(name, value) {
  const file = path.join(scratch, `${name}.json`);
  writeFileSync(file, JSON.stringify(value));
  return file;
}

function reduce({ events, peakBytes, othersShare }) {
  const done = events.filter(({ type }) => type === 'step');
  const durations = done.slice(1).map(({ at }, i) => at - done[i].at);
  return {
    speed: (batch * length) / median(durations.slice(Math.min(warmup, durations.length) - 1)),
    peak: peakBytes,
    start: done[0].at,
    others: othersShare,
    losses: done.map(({ loss }) => loss),
  };
}

/** Times are compared within a round, whose contestants met the same machine. */
function table(contestants, results) {
  console.log(
    `\nstories15M, batch ${batch} × ${length}, ${cpus()[0].model}, ${cpus().length} threads; medians of ${results[0].length}`,
  );
  console.log('runtime, device           tokens/s   time of onnxruntime cpu   peak GB   first step   losses apart');
  const first = results[0];
  for (const [i, { title }] of contestants.entries()) {
    const of = (key) => median(results[i].map((result) => result[key]));
    const time = median(results[i].map(({ speed }, round) => first[round].speed / speed));
    const apart = Math.max(...results[i][0].losses.map((loss, step) => Math.abs(loss / first[0].losses[step] - 1)));
    console.log(
      [
        title.padEnd(24),
        of('speed').toFixed(0).padStart(9),
        `${time.toFixed(2)} ×`.padStart(25),
        (of('peak') / 1e9).toFixed(2).padStart(9),
        `${of('start').toFixed(1)} s`.padStart(12),
        apart.toExponential(1).padStart(14),
      ].join(' '),
    );
  }
}

function profile(contestants) {
  const tensorflow = contestants.find(({ runtime }) => runtime === 'tensorflow');
  if (tensorflow === undefined) throw new Error('TensorFlow is not set up: run `lora setup tensorflow`');
  const file = path.join(scratch, 'profile.json');
  const [program, ...given] = tensorflow.command;
  const env = { ...process.env, LORA_TENSORFLOW_PROFILE: file };
  spawnSync(program, given, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const kernels = JSON.parse(readFileSync(file, 'utf8'));
  const all = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  console.log('\nkernel                   for op                 calls      share');
  for (const { kernel, of, calls, milliseconds } of kernels.slice(0, 25)) {
    console.log(
      `${kernel.padEnd(24)} ${of.padEnd(18)} ${String(calls).padStart(9)} ${percent(milliseconds / all).padStart(10)}`,
    );
  }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
