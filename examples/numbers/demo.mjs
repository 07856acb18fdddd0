// `npm run demo`: trains an adapter on the bundled model through the same commands that users have,
// and shows what the model says before and after.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..');
const cli = path.join(root, 'dist', 'cli.js');
const recipe = path.join(here, 'count-by-ten.lora.json');
const prompt = '9,';
const shown = (file) => path.relative(process.cwd(), file) || '.';

console.log(`The model in ${shown(path.join(here, 'model'))} has learnt one thing: to count 1, 2, 3, … 100.`);
console.log(`Training an adapter that makes it count in tens: ${shown(recipe)}\n`);

let plan;
let finished;
const began = performance.now();
await lora(['train', recipe, '--json'], (event) => {
  if (event.type === 'plan') plan = event;
  if (event.type === 'finished') finished = event;
  if (event.type === 'step' && (event.step === 1 || event.step % 30 === 0)) {
    console.log(`  step ${String(event.step).padStart(3)} of ${plan.data.total_steps}   loss ${event.loss.toFixed(4)}`);
  }
});
const seconds = ((performance.now() - began) / 1000).toFixed(1);

let answers;
const question = ['--prompt', prompt, '--max-new-tokens', '40', '--compare', '--json'];
await lora(
  ['generate', '--base-model', path.join(here, 'model'), '--adapter', finished.adapter, ...question],
  (result) => (answers = result.completions),
);
const [base, tuned] = answers;

const { trainable_params: trained, trainable_percent: percent } = plan.adapter;
const full = plan.full.trainable_params;
const bytes = statSync(path.join(finished.adapter, 'adapter_model.safetensors')).size;
const count = (number) => number.toLocaleString('en-US');
const bar = (share) => '█'.repeat(Math.max(1, Math.round(40 * share))).padEnd(40, '░');
console.log(`
Before (base model):
${prompt}${base.text}

After (the same model with the adapter):
${prompt}${tuned.text}

Parameters that are trained:
  full fine-tuning  ${bar(1)} ${count(full)}
  LoRA adapter      ${bar(trained / full)} ${count(trained)} (${percent.toFixed(1)} %)

Trained in ${seconds} s on this machine's CPU; the base model was not changed.
Adapter: ${shown(finished.adapter)} (${(bytes / 1000).toFixed(0)} kB, loads in PEFT)
Try it:  npm run --silent lora -- generate --base-model ${shown(path.join(here, 'model'))} --adapter ${shown(finished.adapter)} --prompt "4,"`);

/** Runs a `lora` command and hands each JSON value it prints to `onValue`; ends the demo where the command fails. */
async function lora(args, onValue) {
  const child = spawn(process.execPath, [cli, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const status = new Promise((resolve) => child.on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) onValue(JSON.parse(line));
  if ((await status) !== 0) {
    console.error(`\nThe demo stopped: "lora ${args[0]}" ended with exit code ${await status}.`);
    process.exit(1);
  }
}
