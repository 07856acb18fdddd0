// `npm run bench:decoding`: how fast texts are continued, beside Transformers and llama.cpp, alternately in one run.
//   --model 15m|135m   stories15M (from LORA_TEST_DATA), or random weights in the shape of SmolLM2-135M; default: both
//   --gguf FILE        this engine and llama.cpp with that file alone
//   --rounds N         default 3
//   --threads N        default: all cores
// One greedy text at a time: a prompt of 32 tokens and 128 new ones, base and base with an adapter on every linear layer.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cli, median, models } from './benchTask.mjs';
import { bundledTextModel } from './bundledEngine.mjs';
import { pythonWithRequirements } from './environment.mjs';
import { installLlama } from './llamaInstall.mjs';
import { measure, percent, waitForQuiet } from './measuredProcess.mjs';
import { writeRandomAdapter } from './randomAdapter.mjs';
import { makeShapedModel, smollm2Sizes } from './shapedModel.mjs';

const here = import.meta.dirname;
const prompt = 32;
const newTokens = 128;
const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    gguf: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(cpus().length) },
  },
});
const usual = { prompt, new_tokens: newTokens, threads: Number(options.threads) };
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-decoding-'));
const engine = await bundledTextModel();
try {
  const llama = installLlama();
  if (options.gguf === undefined) {
    const python = pythonWithRequirements();
    for (const name of options.model === undefined ? Object.keys(models) : [options.model]) {
      await compare(models[name], python, llama, path.join(scratch, name));
    }
  } else {
    // Numbers of tokens that any vocabulary has.
    const task = { ...usual, vocabulary: 1000, model: path.resolve(options.gguf) };
    const contestants = { 'this engine': own(task), 'llama.cpp': ofLlama(llama, task) };
    await race(path.basename(options.gguf), contestants, [['this engine', 'llama.cpp']], scratch);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(engine, { force: true });
}

async function compare(model, python, llama, place) {
  mkdirSync(place);
  if (!existsSync(model.folder)) makeShapedModel(model.folder, smollm2Sizes, { tokenizer: model.tokenizer });
  const adapter = path.join(place, 'adapter');
  writeRandomAdapter(adapter, model.folder, 0.01);
  const none = path.join(place, 'none');
  writeRandomAdapter(none, model.folder, 0);
  const file = (name) => path.join(place, `${name}.gguf`);
  exportAs(none, 'gguf-f32', file('base'));
  exportAs(none, 'gguf-q8_0', file('base-q8'));
  exportAs(adapter, 'gguf-adapter', file('adapter'));
  const task = { ...usual, vocabulary: model.sizes.vocab_size };
  const contestants = {
    'this engine': own({ ...task, model: model.folder }),
    'this engine, adapter': own({ ...task, model: model.folder, adapter, held: true }),
    'this engine, any adapter by row': own({ ...task, model: model.folder, adapter }),
    Transformers: rival(python, { ...task, model: model.folder }),
    'Transformers + PEFT, adapter': rival(python, { ...task, model: model.folder, adapter }),
    'llama.cpp F32': ofLlama(llama, { ...task, model: file('base') }),
    'llama.cpp F32, adapter': ofLlama(llama, { ...task, model: file('base'), adapter: file('adapter') }),
    'this engine, Q8_0': own({ ...task, model: file('base-q8') }),
    'llama.cpp Q8_0': ofLlama(llama, { ...task, model: file('base-q8') }),
  };
  const pairs = [
    ['this engine, adapter', 'this engine'],
    ['this engine, any adapter by row', 'this engine'],
    ['this engine', 'Transformers'],
    ['this engine, adapter', 'Transformers + PEFT, adapter'],
    ['this engine', 'llama.cpp F32'],
    ['this engine, adapter', 'llama.cpp F32, adapter'],
    ['this engine, Q8_0', 'llama.cpp Q8_0'],
  ];
  await race(model.title, contestants, pairs, place);
}

/** All in turn, round by round; then the ratios of `pairs`. */
async function race(title, contestants, pairs, place) {
  console.log(`\n${title}: ${prompt} + ${newTokens} tokens, ${cpus()[0].model}, ${options.threads} threads`);
  const speeds = new Map(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const [name, run] of Object.entries(contestants)) {
      await waitForQuiet();
      const { events, peakBytes, othersShare } = await run(path.join(place, 'task.json'));
      const [{ first_seconds: first, tokens_per_second: speed }] = events;
      speeds.get(name).push(speed);
      console.log(
        `${round}  ${name.padEnd(30)} ${speed.toFixed(1).padStart(7)} tokens/s  first token ${(1000 * first).toFixed(0).padStart(5)} ms  ` +
          `${(peakBytes / 1e6).toFixed(0).padStart(5)} MB  others used ${percent(othersShare)}`,
      );
    }
  }
  for (const [a, b] of pairs) {
    const each = speeds.get(a).map((speed, round) => speed / speeds.get(b)[round]);
    console.log(
      `  ${`${a} : ${b}`.padEnd(62)} ${each.map((one) => one.toFixed(2)).join('  ')}  median ${median(each).toFixed(2)}`,
    );
  }
}

function exportAs(adapter, format, output) {
  execFileSync(process.execPath, [cli, 'export', adapter, '--format', format, '--output', output, '--json']);
}

function own(task) {
  return (place) => {
    writeFileSync(place, JSON.stringify({ ...task, engine }));
    return measure(process.execPath, [path.join(here, 'decodingTask.mjs'), place]);
  };
}

function rival(python, task) {
  return (place) => {
    writeFileSync(place, JSON.stringify(task));
    return measure(python, [path.join(here, 'decodingRival.py'), place]);
  };
}

function ofLlama(llama, task) {
  return (place) => {
    writeFileSync(place, JSON.stringify(task));
    return measure(process.execPath, [path.join(llama, 'decoding.mjs'), place]);
  };
}
