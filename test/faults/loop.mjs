// `npm run faults [-- N SEED]`: trains stories15M and stops it N times (20) at random moments, by kill -9 and by Ctrl-C
// in turn; each time it is resumed, and what comes out must be the bytes of a run that nobody stopped.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail, instructionLines, makeProject, train } from './project.mjs';

const stops = Number(process.argv[2] ?? 20);
const seed = Number(process.argv[3] ?? Date.now() % 1e6);
const project = makeProject({
  lora: { r: 8, lora_dropout: 0.1 },
  dataset: { path: 'train.jsonl', eval_split: 0.05, max_length: 64 },
  training: {
    ...{ max_steps: 30, per_device_train_batch_size: 1, gradient_accumulation_steps: 2, learning_rate: 1e-3 },
    ...{ eval_steps: 15, save_steps: 3 },
  },
});
writeFileSync(project.data, instructionLines().slice(0, 300).join(''));
const adapter = () => readFileSync(path.join(project.adapter, 'adapter_model.safetensors'));

let began = performance.now();
const whole = await train([project.recipe]);
if (whole.status !== 0) fail(`the run that nobody stops ended with ${whole.status}: ${whole.stderr}`);
const seconds = (performance.now() - began) / 1000;
const expected = adapter();
const losses = lossesOf(whole.events);
console.log(`Undisturbed: ${losses.size} steps in ${seconds.toFixed(1)} s. ${stops} stops, seed ${seed}.`);

const uniform = randomNumbers(seed);
let stopped = 0;
let runs = 0;
began = performance.now();
while (stopped < stops) {
  rmSync(project.adapter, { recursive: true, force: true });
  const seen = new Map();
  let isFirst = true;
  for (let status = null; status !== 0;) {
    const signal = stopped >= stops ? undefined : stopped % 2 === 0 ? 'SIGKILL' : 'SIGINT';
    // From its very start to shortly before its end.
    const delay = uniform() * seconds * 800;
    // Before it has a state to resume from, a run that is stopped never was one.
    const known = readdirSync(project.folder).includes('.lora') && !isFirst;
    let timer;
    const result = await train(
      known ? [project.recipe, '--resume', 'latest'] : [project.recipe],
      () => undefined,
      (child) => {
        if (signal !== undefined) timer = setTimeout(() => child.kill(signal), delay);
      },
    );
    clearTimeout(timer);
    status = result.status;
    if (result.events.some(({ type }) => type === 'started')) isFirst = false;
    // A signal that comes before the command can heed it ends it like any program.
    const wasStopped = result.signal !== null || status === 130;
    if (wasStopped) stopped++;
    if (!wasStopped && status !== 0) fail(`after ${stopped} stops: status ${status}: ${result.stderr}`);
    for (const [step, loss] of lossesOf(result.events)) {
      if (losses.get(step) !== loss) fail(`step ${step} had loss ${loss}, undisturbed ${losses.get(step)}`);
      seen.set(step, loss);
    }
    const at = wasStopped
      ? `${signal === 'SIGINT' ? 'Ctrl-C' : 'kill -9'} after ${(delay / 1000).toFixed(2)} s`
      : 'finished';
    console.log(`  ${at}, ${seen.size === 0 ? 'no step yet' : `step ${Math.max(...seen.keys())} of ${losses.size}`}`);
  }
  runs++;
  if (!adapter().equals(expected)) fail('the adapter has other bytes than that of the undisturbed run');
}
const took = ((performance.now() - began) / 1000).toFixed(0);
console.log(
  `Stopped ${stopped} times in ${runs} runs, all resumed to the same ${expected.length} bytes, in ${took} s.`,
);

function lossesOf(events) {
  return new Map(events.flatMap((event) => (event.type === 'step' ? [[event.step, event.loss]] : [])));
}

/** Uniform numbers in [0, 1) from a seed: mulberry32. */
function randomNumbers(start) {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
