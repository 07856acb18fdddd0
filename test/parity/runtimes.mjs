// `npm run bench:runtimes`: one table of every runtime and device that this computer has, beside PEFT. They train the same
// adapter of stories15M (from LORA_TEST_DATA) on the same rows, alternately.
//   --rounds N    default 3
//   --steps N     default 24, of which the first 4 are not counted
//   --profile     afterwards where TensorFlow's time goes, kernel by kernel
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  batch,
  cli,
  length,
  median,
  models,
  reduce,
  rivalConfig,
  writeConfig,
  writeRecipe,
  writeRows,
} from './benchTask.mjs';
import { pythonWithRequirements } from './environment.mjs';
import { measure, percent, waitForQuiet } from './measuredProcess.mjs';

const here = import.meta.dirname;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '24' },
    profile: { type: 'boolean', default: false },
  },
});
const steps = Number(options.steps);
const model = { ...models['15m'], steps, warmup: Math.min(models['15m'].warmup, steps - 1) };
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-runtimes-'));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function main() {
  const python = pythonWithRequirements();
  const rival = { ...rivalConfig(model, scratch), gradient_checkpointing: false };
  writeRows(model, rival.data);
  await measure(python, [path.join(here, 'rival.py'), 'prepare', writeConfig(scratch, 'prepare', rival)]);

  const peft = {
    title: 'PEFT on PyTorch, cpu',
    command: [python, path.join(here, 'rival.py'), 'train', writeConfig(scratch, 'train', rival)],
  };
  const contestants = [...usable().map((one) => ours(one, rival)), peft];
  const results = contestants.map(() => []);
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const [i, { title, command }] of contestants.entries()) {
      await waitForQuiet();
      const [program, ...given] = command;
      const result = reduce(await measure(program, given), model);
      results[i].push(result);
      console.error(
        `round ${round}: ${title}, ${result.speed.toFixed(0)} tokens/s; others used ${percent(result.othersShare)}`,
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
  const folder = path.join(scratch, `${runtime}-${device}`);
  mkdirSync(folder);
  const file = writeRecipe(model, rival, folder, { engine: { runtime, device } });
  return { title: `${runtime}, ${device}`, runtime, command: [process.execPath, cli, 'train', file, '--json'] };
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
        (of('peakBytes') / 1e9).toFixed(2).padStart(9),
        `${of('firstStep').toFixed(1)} s`.padStart(12),
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
