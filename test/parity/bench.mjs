// `npm run bench`: this engine and PEFT train the same adapter on the same rows, alternately in one run.
//   --model 15m|135m   stories15M (from LORA_TEST_DATA), or random weights in the shape of SmolLM2-135M; default: both
//   --rounds N         default 3
//   --trl              learning curves and wall time against TRL instead, as `npm run learns`
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  batch,
  cli,
  length,
  lora,
  median,
  models,
  reduce,
  rivalConfig,
  writeConfig,
  writeRecipe,
  writeRows,
} from './benchTask.mjs';
import { pythonWithRequirements } from './environment.mjs';
import { keepFreedMemory, measure, percent, waitForQuiet } from './measuredProcess.mjs';

const here = import.meta.dirname;

/** What runs against what, in the order of a round. */
const contestants = {
  auto: { title: 'this engine, auto', checkpointing: 'auto' },
  peft: { title: 'PEFT', checkpointing: false },
  peftKeeping: { title: 'PEFT, freed memory kept', checkpointing: false, env: keepFreedMemory },
  recompute: { title: 'this engine, true', checkpointing: true },
  peftCheckpointing: { title: 'PEFT, checkpointing', checkpointing: true },
};

const { values: options } = parseArgs({
  options: { model: { type: 'string' }, rounds: { type: 'string', default: '3' }, trl: { type: 'boolean' } },
});
if (options.trl) await import('./learns.mjs');
else await main();

async function main() {
  const python = pythonWithRequirements();
  const scratch = mkdtempSync(path.join(tmpdir(), 'lora-bench-'));
  try {
    for (const name of options.model === undefined ? Object.keys(models) : [options.model]) {
      await compare(models[name], python, path.join(scratch, name));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function compare(model, python, scratch) {
  mkdirSync(scratch, { recursive: true });
  const rival = rivalConfig(model, scratch);
  writeRows(model, rival.data);
  await measure(python, [path.join(here, 'rival.py'), 'prepare', writeConfig(scratch, 'prepare', rival)]);
  console.log(
    `\n${model.title}: batch ${batch} × ${length}, r ${lora.r} on ${lora.target_modules.join(' and ')}, ${cpus()[0].model}, ${rival.threads} threads`,
  );
  console.log(heading());
  const rounds = [];
  for (let round = 1; round <= Number(options.rounds); round++)
    rounds.push(await runRound(round, model, python, rival, scratch));
  summarize(model, rounds);
}

async function runRound(round, model, python, rival, scratch) {
  const runRival = (mode, config, env) =>
    measure(python, [path.join(here, 'rival.py'), mode, writeConfig(scratch, mode, config)], { env });
  await waitForQuiet();
  const { events } = await runRival('matmul', rival);
  const results = { gflops: events[0].gflops };
  for (const [name, contestant] of Object.entries(contestants)) {
    await waitForQuiet();
    const measured = name.startsWith('peft')
      ? await runRival('train', { ...rival, gradient_checkpointing: contestant.checkpointing }, contestant.env)
      : await measure(process.execPath, [
          cli,
          'train',
          writeRecipe(model, rival, scratch, { gradient_checkpointing: contestant.checkpointing }),
          '--json',
        ]);
    results[name] = reduce(measured, model);
    console.log(resultRow(round, contestant.title, results[name]));
  }
  const losses = Object.keys(contestants).map((name) => results[name].losses);
  const apart = Math.max(...losses.flatMap((list) => list.map((loss, i) => Math.abs(loss / losses[0][i] - 1))));
  console.log(
    `      all losses agree to ${apart.toExponential(1)}; this machine multiplies 2048³ at ${results.gflops.toFixed(0)} GFLOP/s`,
  );
  return results;
}

/**
 * Floating-point operations per token that no implementation can avoid: every product with a frozen weight forward,
 * and back into its input except below the lowest adapter (q, k and v of the first layer); attention's own products,
 * of which the causal mask leaves half. Twice the number of multiplications; adapters are left out, as they are small.
 */
function flopsPerToken({
  hidden_size: d,
  intermediate_size: f,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  vocab_size: vocabulary,
}) {
  const projections = d * d + (2 * d * d * kv) / heads;
  const layer = projections + d * d + 3 * d * f;
  const attentionForward = (2 * length * d) / 2;
  return 2 * (2 * (layers * layer + vocabulary * d) - projections + 3 * layers * attentionForward);
}

function summarize(model, rounds) {
  const ratio = (key, a, b) => rounds.map((round) => round[a][key] / round[b][key]);
  const line = (title, values) => {
    console.log(
      `  ${title.padEnd(52)} ${values.map((value) => value.toFixed(2)).join('  ')}   median ${median(values).toFixed(2)}`,
    );
  };
  console.log('  ratios per round');
  line('auto: speed, of PEFT (target 1.35 or more)', ratio('speed', 'auto', 'peft'));
  line('auto: memory, of PEFT (target 0.95 or less)', ratio('peakBytes', 'auto', 'peft'));
  line('auto: speed, of PEFT that keeps freed memory', ratio('speed', 'auto', 'peftKeeping'));
  line('auto: memory, of PEFT that keeps freed memory', ratio('peakBytes', 'auto', 'peftKeeping'));
  line('true: speed, of PEFT (target 1.00 or more)', ratio('speed', 'recompute', 'peft'));
  line('true: memory, of PEFT (target 0.65 or less)', ratio('peakBytes', 'recompute', 'peft'));
  line('true: speed, of PEFT with checkpointing', ratio('speed', 'recompute', 'peftCheckpointing'));
  line('true: memory, of PEFT with checkpointing', ratio('peakBytes', 'recompute', 'peftCheckpointing'));
  const flops = flopsPerToken(model.sizes);
  const shares = rounds.map((round) => (round.auto.speed * flops) / (round.gflops * 1e9));
  console.log(
    `  auto: share of the machine's matmul rate ${shares.map(percent).join('  ')} (${(flops / 1e6).toFixed(0)} MFLOP a token)`,
  );
  console.log(
    `  start to first step: ${rounds.map((round) => `${round.auto.firstStep.toFixed(1)} s`).join('  ')} (PEFT ${median(rounds.map((round) => round.peft.firstStep)).toFixed(1)} s)`,
  );
}

function heading() {
  return [
    'round',
    'contestant'.padEnd(24),
    'tokens/s'.padStart(10),
    'peak GB'.padStart(9),
    'first step'.padStart(11),
    'others used'.padStart(12),
  ].join(' ');
}

function resultRow(round, title, { speed, peakBytes, firstStep, othersShare }) {
  return [
    String(round).padStart(5),
    title.padEnd(24),
    speed.toFixed(0).padStart(10),
    (peakBytes / 1e9).toFixed(2).padStart(9),
    `${firstStep.toFixed(1)} s`.padStart(11),
    percent(othersShare).padStart(12),
  ].join(' ');
}
