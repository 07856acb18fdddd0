// Whether Transformers.js answers as the engine does: `node test/parity/transformersJs.mjs` (after `npm run build`).
// An adapter is trained on the numbers example's model and exported as ONNX; then the greedy text of Transformers.js (installed
// into the cache folder on first use) is compared with that of `lora generate`: prompts alone, and as a batch with padding.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheFolder } from './environment.mjs';

const version = '4.3.2';
const cli = path.resolve('dist/cli.js');
const example = path.resolve('examples/numbers');
const tokens = 24;
const prompts = ['10, 20, 30,', '5, 15,', '100, 110, 120, 130,'];

const place = installTransformersJs();
const folder = mkdtempSync(path.join(tmpdir(), 'lora-transformers-js-'));
let failed = false;
try {
  const adapter = path.join(folder, 'adapter');
  const recipe = path.join(folder, 'case.lora.json');
  const [base_model, data] = [path.join(example, 'model'), path.join(example, 'data.jsonl')];
  const training = { max_steps: 60, learning_rate: 1e-2 };
  writeFileSync(recipe, JSON.stringify({ base_model, dataset: { path: data }, training, output: adapter }));
  lora('train', recipe, '--json');
  const exported = path.join(folder, 'exported');
  lora('export', adapter, '--base-model', base_model, '--format', 'onnx', '--output', exported, '--json');
  const own = prompts.map((prompt) => generate(base_model, adapter, prompt));
  const base = prompts.map((prompt) => generate(base_model, undefined, prompt));
  if (own.every((text, i) => text === base[i])) fail('the adapter changes nothing');
  const { alone, together } = answers(exported);
  prompts.forEach((prompt, i) => {
    compare(prompt, own[i], alone[i]);
    compare(`${prompt} (beside others)`, own[i], together[i]);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

function compare(what, expected, found) {
  if (expected === found) console.log(`same   ${what} ${JSON.stringify(found)}`);
  else fail(`${what}\n  lora:            ${JSON.stringify(expected)}\n  Transformers.js: ${JSON.stringify(found)}`);
}

function fail(what) {
  console.log(`DIFFERS ${what}`);
  failed = true;
}

function lora(...args) {
  return execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function generate(model, adapter, prompt) {
  const attached = adapter === undefined ? [] : ['--adapter', adapter];
  const args = ['--base-model', model, ...attached, '--prompt', prompt, '--max-new-tokens', String(tokens), '--json'];
  return JSON.parse(lora('generate', ...args)).completions[0].text;
}

function answers(model) {
  const input = JSON.stringify({ model, prompts, tokens });
  return JSON.parse(execFileSync(process.execPath, [path.join(place, 'answer.mjs'), input], { encoding: 'utf8' }));
}

function installTransformersJs() {
  const at = path.join(cacheFolder, `transformers-js-${version}`);
  if (!existsSync(path.join(at, 'node_modules', '@huggingface', 'transformers'))) {
    mkdirSync(at, { recursive: true });
    writeFileSync(path.join(at, 'package.json'), '{ "private": true, "type": "module" }\n');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['install', '--no-save', '--ignore-scripts', `@huggingface/transformers@${version}`], {
      cwd: at,
      stdio: 'inherit',
    });
  }
  writeFileSync(
    path.join(at, 'answer.mjs'),
    `import { AutoModelForCausalLM, AutoTokenizer, env } from '@huggingface/transformers';
const { model: folder, prompts, tokens } = JSON.parse(process.argv[2]);
env.allowRemoteModels = false;
env.localModelPath = '';
const tokenizer = await AutoTokenizer.from_pretrained(folder);
const model = await AutoModelForCausalLM.from_pretrained(folder);
tokenizer.padding_side = 'left';
async function answer(texts) {
  const inputs = tokenizer(texts, { padding: true });
  const output = await model.generate({ ...inputs, max_new_tokens: tokens, do_sample: false });
  const made = output.slice(null, [inputs.input_ids.dims[1], null]);
  return tokenizer.batch_decode(made, { skip_special_tokens: true });
}
const alone = [];
for (const prompt of prompts) alone.push(...(await answer([prompt])));
console.log(JSON.stringify({ alone, together: await answer(prompts) }));
process.exit(0);
`,
  );
  return at;
}
