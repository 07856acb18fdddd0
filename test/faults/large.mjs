// `npm run large [-- GIGABYTES]`: a dataset of 2 GB begins to train at once and needs no more memory than a small one,
// and 500 steps of stories15M leave memory where it was. Prints what it found; fails where that is not so.
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { fail, instructionLines, makeProject, train } from './project.mjs';

const gigabytes = Number(process.argv[2] ?? 2);
/** Seconds from the start of the command to the end of the first step, on two slow cores. */
const patience = 10;
/** Bytes that memory may grow between the first and the last steps: noise of the allocator and the collector. */
const allowance = 60e6;

const lines = instructionLines();
// The first evaluation, which needs a graph of its own, comes before memory is compared.
const training = { per_device_train_batch_size: 2, learning_rate: 1e-4, save_steps: 50, eval_steps: 30 };

const large = makeProject({
  dataset: { path: 'train.jsonl', max_length: 128 },
  training: { ...training, max_steps: 100 },
});
writeRepeated(large.data, lines.join(''), gigabytes * 1e9);
const rows = Math.round((statSync(large.data).size / lines.join('').length) * lines.length);
console.log(`${(statSync(large.data).size / 1e9).toFixed(2)} GB, about ${rows.toLocaleString('en-US')} rows:`);
const onLarge = await measured(large);

const small = makeProject({
  dataset: { path: 'train.jsonl', max_length: 128 },
  training: { ...training, max_steps: 100 },
});
writeFileSync(small.data, lines.join(''));
console.log(`${lines.length} rows, for comparison:`);
const onSmall = await measured(small);
console.log(`The large file needs ${megabytes(onLarge.peak - onSmall.peak)} more at its peak.\n`);
if (onLarge.peak > onSmall.peak + 300e6) fail('memory depends on the size of the file');

const long = makeProject({
  dataset: { path: 'train.jsonl', eval_split: 0.05, max_length: 128 },
  training: { ...training, max_steps: 500, eval_steps: 150 },
});
writeFileSync(long.data, lines.join(''));
console.log('500 steps over many epochs, with evaluations and checkpoints:');
await measured(long);
process.exit(0);

/** Trains, prints time to the first step and memory on the way, and fails where either is too much. */
async function measured({ recipe }) {
  const began = performance.now();
  let first;
  const { status, events, stderr } = await train([recipe], (event) => {
    if (event.type === 'step') first ??= (performance.now() - began) / 1000;
  });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) fail(`status ${status}: ${stderr}`);
  const memory = events.filter(({ type }) => type === 'step').map((event) => event.memory_bytes);
  const peakOf = (from, to) =>
    Math.max(...memory.slice(Math.floor(memory.length * from), Math.floor(memory.length * to)));
  const [early, late] = [peakOf(0.35, 0.6), peakOf(0.75, 1)];
  const plan = events.find(({ type }) => type === 'plan').data;
  console.log(`  first step after ${first.toFixed(1)} s, ${memory.length} steps in ${seconds.toFixed(1)} s`);
  console.log(`  rows ${plan.rows.toLocaleString('en-US')}${plan.estimated ? ' (estimated)' : ''}`);
  console.log(
    `  memory in the middle ${megabytes(early)}, in the last quarter ${megabytes(late)}, at most ${megabytes(peakOf(0, 1))}`,
  );
  if (first > patience) fail(`the first step took ${first.toFixed(1)} s to come`);
  if (late > early + allowance) fail('memory grows');
  return { peak: peakOf(0, 1) };
}

function writeRepeated(file, text, bytes) {
  const block = Buffer.from(text.repeat(Math.ceil(8e6 / text.length)));
  const handle = openSync(file, 'w');
  for (let written = 0; written < bytes; written += block.length) writeSync(handle, block);
  closeSync(handle);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
