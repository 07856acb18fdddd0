// `npm run parity`: this engine and PEFT train the same adapters; their numbers must agree. So must the fields of PEFT's
// LoraConfig and schemas/peft-fields.json (not with --only or --draws). Then merged
// models and exported adapters; `--only merge-` and `--only export-` for these alone.
//   --only TEXT           cases whose name contains TEXT (may be given several times)
//   --draws N --seed S    N random combinations of family and settings instead of the named cases and the usual 20
//   --runtime NAME        trains on that runtime, such as tensorflow (after `lora setup tensorflow`); trainings alone
//   --generation          greedy continuations instead of trainings: generation.mjs
//   --openai              the official Python client drives `lora serve`: openaiClient.mjs
//   --lora COMMAND        what to run in place of `node dist/cli.js`
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { cases, recipeOf } from './cases.mjs';
import { drawCases } from './draws.mjs';
import { compareExports, exportCases } from './exports.mjs';
import { fieldDifferences } from './fields.mjs';
import { compareGeneration } from './generation.mjs';
import { compareMerges, mergeCases } from './merges.mjs';
import { driveWithOpenai } from './openaiClient.mjs';
import { Reference } from './reference.mjs';

/** Largest figures that count as equal. Relative, except logits; tensors: share of the largest update. */
const limits = { loss: 2e-4, grad_norm: 1e-3, learning_rate: 1e-9, tensors: 2e-3, logits: 1e-3 };
const nameWidth = 30;
const usualDraws = 20;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    draws: { type: 'string' },
    runtime: { type: 'string', default: 'auto' },
    generation: { type: 'boolean', default: false },
    openai: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    lora: { type: 'string', default: `node ${path.join(import.meta.dirname, '../../dist/cli.js')}` },
  },
});

async function main() {
  if (options.generation) return compareGeneration();
  if (options.openai) return driveWithOpenai();
  const all = [
    ...(options.draws === undefined ? cases : []),
    ...drawCases(Number(options.draws ?? usualDraws), Number(options.seed)),
  ];
  const { only } = options;
  const isChosen = ({ name }) => only.length === 0 || only.some((text) => name.includes(text));
  const chosen = all.filter(isChosen);
  const trainsOnly = options.draws !== undefined || options.runtime !== 'auto';
  const merges = trainsOnly ? [] : mergeCases.filter(isChosen);
  const exports = trainsOnly ? [] : exportCases.filter(isChosen);
  if (chosen.length + merges.length + exports.length === 0) throw new Error(`No case is called ${only.join(' or ')}.`);
  const scratch = mkdtempSync(path.join(tmpdir(), 'lora-parity-'));
  const isWhole = only.length === 0 && !trainsOnly;
  const fieldProblems = isWhole ? fieldDifferences() : [];
  if (isWhole) console.log(`fields of LoraConfig and others: ${fieldProblems.join(' ') || 'all answered'}\n`);
  const reference = new Reference();
  try {
    const failedMerges = await compareMerges(merges, reference, scratch, options.lora);
    const failedExports = await compareExports(exports, reference, scratch, options.lora);
    const others = merges.length + exports.length;
    const failedOthers = failedMerges + failedExports;
    if (others > 0) console.log(`\nmerged and exported: ${others - failedOthers} passed, ${failedOthers} failed\n`);
    const failed = chosen.length === 0 ? 0 : await compareAll(chosen, reference, scratch);
    return Math.min(failed + failedOthers + fieldProblems.length, 1);
  } finally {
    await reference.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function compareAll(chosen, reference, scratch) {
  console.log(
    ['case'.padEnd(nameWidth), ...Object.keys(limits).map((figure) => figure.padStart(13)), '  seconds'].join(' '),
  );
  const failures = [];
  // The reference of the next case is computed while this engine trains.
  let next = settled(reference.prepare(chosen[0]));
  for (const [i, spec] of chosen.entries()) {
    const prepared = await next;
    if (i + 1 < chosen.length) next = settled(reference.prepare(chosen[i + 1]));
    const started = performance.now();
    const outcome = await compareOne(spec, prepared, reference, path.join(scratch, spec.name));
    const seconds = (performance.now() - started) / 1000;
    console.log(row(spec.name, outcome, seconds));
    if (outcome.problem !== undefined) failures.push(spec);
  }
  const drawn = failures.filter(({ name }) => name.startsWith('draw-'));
  for (const spec of drawn) console.log(`\n${spec.name}: ${JSON.stringify(spec)}`);
  console.log(`\n${chosen.length - failures.length} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

/** A promise that is awaited later must not be rejected meanwhile. */
function settled(promise) {
  return promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
}

/** `{figures}`, and `{problem}` if the case fails. */
async function compareOne(spec, prepared, reference, run) {
  if (prepared.error !== undefined) return { problem: prepared.error.message };
  const recipe = { ...recipeOf(spec, prepared.value, run), engine: { runtime: options.runtime } };
  const complaint = await train(recipe, run);
  if (complaint !== undefined) return { problem: complaint };
  const { figures, difference } = await reference.compare(spec, prepared.value, run);
  if (difference !== undefined) return { problem: difference };
  const exceeded = Object.keys(limits).filter((figure) => !(figures[figure] <= limits[figure]));
  return exceeded.length === 0 ? { figures } : { figures, problem: `differs: ${exceeded.join(', ')}` };
}

/** Runs `lora train --json` and keeps its events; returns what went wrong. */
async function train(recipe, run) {
  mkdirSync(run, { recursive: true });
  const file = path.join(run, 'case.lora.json');
  writeFileSync(file, JSON.stringify(recipe, null, 2));
  const [command, ...rest] = options.lora.split(' ');
  const child = spawn(command, [...rest, 'train', file, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (text) => (complaint = (complaint + text).slice(-2000)));
  const [[code, signal]] = await Promise.all([
    once(child, 'close'),
    pipeline(child.stdout, createWriteStream(path.join(run, 'events.jsonl'))),
  ]);
  return code === 0 ? undefined : `exit ${code ?? signal}: ${complaint.trim()}`;
}

function row(name, { figures = {}, problem }, seconds) {
  const cells = Object.keys(limits).map((figure) => (figures[figure]?.toExponential(1) ?? '–').padStart(13));
  const line = [name.padEnd(nameWidth), ...cells, seconds.toFixed(1).padStart(9)].join(' ');
  return problem === undefined ? line : `${line}  FAILED ${problem}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
