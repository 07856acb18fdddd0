// `lora export`, read by the programs that it is for: mlx-lm (its CPU build, where it installs) and Transformers with PEFT.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, pythonWithRequirements } from './environment.mjs';

const run = promisify(execFile);

/** Of logits, as a share of what the adapter changes. */
const limit = 1e-4;
const mlxVersions = ['mlx==0.32.4', 'mlx-cpu==0.32.4', 'mlx-lm==0.32.2'];
const environment = { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1', HF_HUB_OFFLINE: '1' };

const exportCase = (name, model, lora) => ({ name: `export-${name}`, model, adapters: [lora] });

export const exportCases = [
  exportCase(
    'llama-embedding-and-head',
    { family: 'llama' },
    {
      r: 4,
      lora_alpha: 12,
      target_modules: ['embed_tokens', 'lm_head', 'up_proj', 'q_proj'],
      rank_pattern: { up_proj: 7 },
      alpha_pattern: { q_proj: 3 },
    },
  ),
  exportCase('qwen3', { family: 'qwen3' }, { r: 4, use_rslora: true, target_modules: 'all-linear' }),
  exportCase(
    'gpt2',
    { family: 'gpt2', files: 'no-prefix', config: { n_ctx: 512 } },
    {
      r: 4,
      target_modules: ['c_attn', 'c_fc'],
      fan_in_fan_out: true,
    },
  ),
];

/** Prints a line for each case; gives the number of those that failed. */
export async function compareExports(cases, reference, scratch, lora) {
  const mlx = cases.length === 0 ? undefined : mlxPackages();
  if (mlx?.reason !== undefined) console.log(`mlx-lm is not compared: ${mlx.reason}`);
  let failed = 0;
  for (const spec of cases) {
    const folder = await reference.prepareMerge(spec);
    const said = [];
    const problems = [];
    for (const compare of [...(mlx?.folder === undefined ? [] : [withMlx]), withTransformers]) {
      try {
        said.push(await compare({ folder, scratch: path.join(scratch, spec.name), lora, mlx: mlx?.folder }));
      } catch (error) {
        problems.push(error.message.trim().split('\n').slice(-3).join(' '));
      }
    }
    console.log([spec.name.padEnd(30), ...said, ...problems.map((text) => `FAILED ${text}`)].join('  '));
    failed += Math.min(problems.length, 1);
  }
  return failed;
}

async function callLora(lora, ...args) {
  const [command, ...rest] = lora.split(' ');
  return (await run(command, [...rest, ...args, '--json'])).stdout;
}

const sourceOf = (folder) => ['--base-model', path.join(folder, 'model'), '--adapter', path.join(folder, 'adapter-0')];

async function withMlx({ folder, scratch, lora, mlx }) {
  const output = `${scratch}-mlx`;
  await callLora(lora, 'export', ...sourceOf(folder), '--format', 'mlx', '--output', output);
  const script = path.join(import.meta.dirname, 'mlxLogits.py');
  const { stdout } = await run(
    pythonWithRequirements(),
    [script, path.join(folder, 'model'), output, path.join(folder, 'probe.safetensors')],
    { env: { ...environment, PYTHONPATH: mlx } },
  );
  const { logits } = JSON.parse(stdout);
  if (!(logits <= limit)) throw new Error(`mlx-lm: logits differ by ${logits}`);
  return `mlx-lm ${logits.toExponential(1)}`;
}

async function withTransformers({ folder, scratch, lora }) {
  const output = `${scratch}.py`;
  await callLora(lora, 'export', ...sourceOf(folder), '--format', 'transformers', '--output', output);
  const prompt = 'What is the name of the river?';
  const { stdout } = await run(pythonWithRequirements(), [output, prompt, '--max-new-tokens', '12'], {
    env: environment,
  });
  const options = ['--prompt', prompt, '--max-new-tokens', '12'];
  const [{ text }] = JSON.parse(await callLora(lora, 'generate', ...sourceOf(folder), ...options)).completions;
  if (stdout !== `${text}\n`)
    throw new Error(`Transformers wrote ${JSON.stringify(stdout)}, not ${JSON.stringify(text)}`);
  return 'Transformers: the same text';
}

/** mlx-lm beside the reference's packages, in a folder of its own; it has builds for some systems only. */
function mlxPackages() {
  const folder = path.join(cacheFolder, `mlx-${mlxVersions.at(-1).split('==')[1]}`);
  if (existsSync(folder)) return { folder };
  const draft = mkdtempSync(`${folder}.making-`);
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', draft];
    execFileSync(pythonWithRequirements(), [...pip, ...mlxVersions], { stdio: ['ignore', 'ignore', 'ignore'] });
    if (readdirSync(draft).length > 0 && !existsSync(folder)) renameSync(draft, folder);
    return { folder };
  } catch {
    return { reason: `pip finds no ${mlxVersions.join(', ')} for this system` };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
