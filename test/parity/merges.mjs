// `lora merge` against PEFT's merge_and_unload: the same models and adapters, weights and logits compared.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** `weights` in roundings of the stored dtype; `logits` is a share of what the adapters change. */
const limits = { weights: 2, logits: { float32: 1e-4, float16: 0.02, bfloat16: 0.1 } };
const tied = { config: { tie_word_embeddings: true } };
const qv = { r: 8, lora_alpha: 16, target_modules: ['q_proj', 'v_proj'] };

const mergeCase = (name, model, adapters, others = {}) => ({ name: `merge-${name}`, model, adapters, ...others });

export const mergeCases = [
  mergeCase('llama-patterns', { family: 'llama' }, [
    {
      ...qv,
      target_modules: ['q_proj', 'o_proj', 'down_proj'],
      use_rslora: true,
      rank_pattern: { down_proj: 3 },
      alpha_pattern: { 'layers.1.self_attn.q_proj': 40 },
    },
  ]),
  mergeCase('llama-tied-bf16-sharded', { family: 'llama', dtype: 'bfloat16', sharded: true, ...tied }, [
    { ...qv, target_modules: 'all-linear' },
  ]),
  mergeCase('qwen2-biases-fp16', { family: 'qwen2', dtype: 'float16' }, [{ ...qv, bias: 'lora_only' }]),
  mergeCase('qwen3-saved-head-of-tied', { family: 'qwen3', ...tied }, [{ ...qv, modules_to_save: ['lm_head'] }]),
  mergeCase('mistral-embedding-and-head', { family: 'mistral' }, [
    { ...qv, target_modules: ['embed_tokens', 'lm_head', 'up_proj'] },
  ]),
  mergeCase('gpt2', { family: 'gpt2' }, [
    { r: 4, lora_alpha: 4, target_modules: ['c_attn', 'c_proj', 'c_fc'], fan_in_fan_out: true, bias: 'all' },
  ]),
  mergeCase('two-adapters', { family: 'llama' }, [qv, { ...qv, r: 3, target_modules: ['v_proj', 'up_proj'] }], {
    weights: [0.5, 2],
  }),
];

/** Prints a line for each case; gives the number of those that failed. */
export async function compareMerges(cases, reference, scratch, lora) {
  let failed = 0;
  for (const spec of cases) {
    const started = performance.now();
    const { figures = {}, problem } = await compareOne(spec, reference, path.join(scratch, spec.name), lora);
    const numbers = Object.entries(figures).map(([figure, value]) => `${figure} ${value.toExponential(1)}`);
    const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    console.log([spec.name.padEnd(30), ...numbers, seconds, ...(problem ? [`FAILED ${problem}`] : [])].join('  '));
    if (problem !== undefined) failed++;
  }
  return failed;
}

async function compareOne(spec, reference, output, lora) {
  const folder = await reference.prepareMerge(spec);
  const adapters = spec.adapters.flatMap((_, i) => [
    '--adapter',
    `${path.join(folder, `adapter-${i}`)}:${spec.weights?.[i] ?? 1}`,
  ]);
  const [command, ...rest] = lora.split(' ');
  const base = ['--base-model', path.join(folder, 'model')];
  const child = spawn(command, [...rest, 'merge', ...base, ...adapters, '--output', output, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, complaint] = ['', ''];
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (complaint += text));
  const [code] = await once(child, 'close');
  if (code !== 0) return { problem: `exit ${code}: ${complaint.trim()}` };
  const { figures, difference } = await reference.compareMerge(spec, folder, output);
  if (difference !== undefined) return { problem: difference };
  const { dtype } = JSON.parse(said);
  const allowed = { weights: limits.weights, logits: limits.logits[dtype] };
  const exceeded = Object.keys(allowed).filter((figure) => !(figures[figure] <= allowed[figure]));
  return exceeded.length === 0 ? { figures } : { figures, problem: `differs: ${exceeded.join(', ')}` };
}
