// `npm run parity -- --generation`: greedy continuations, token by token as those of Transformers and PEFT: every family
// and small real models, base and attached, 20 prompts of up to 130 tokens × 64 new ones (fewer prompts where the context
// is short), base and adapter mixed in one batch.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundledTextModel } from './bundledEngine.mjs';
import { pythonWithRequirements } from './environment.mjs';

const here = import.meta.dirname;
const data = path.resolve(here, '../..', process.env.LORA_TEST_DATA ?? '../shared/data');
const realModels = ['stories15M', 'TinyStories-656K', 'stories260K'].map((name) => path.join(data, 'models', name));
const newTokens = 64;

/** 0 where every token is the same, else 1. */
export async function compareGeneration() {
  const scratch = mkdtempSync(path.join(tmpdir(), 'lora-generation-'));
  try {
    const began = performance.now();
    const real = realModels.filter((folder) => existsSync(folder));
    execFileSync(pythonWithRequirements(), [path.join(here, 'generation.py'), scratch, ...real], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
    });
    console.log(`Transformers and PEFT: ${seconds(began)} s\n`);
    const engine = await bundledTextModel();
    const { TextModel } = createRequire(import.meta.url)(engine);
    rmSync(engine);
    const cases = JSON.parse(readFileSync(path.join(scratch, 'expected.json'), 'utf8'));
    let failed = 0;
    for (const spec of cases) failed += await compareCase(TextModel, spec);
    console.log(`\n${2 * cases.length - failed} passed, ${failed} failed; ${seconds(began)} s`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** How many of base and attached differ. */
async function compareCase(TextModel, { name, model: baseModel, adapter, prompts, base, attached }) {
  const began = performance.now();
  const model = await TextModel.open({ baseModel, rows: 8, threads: 1 });
  try {
    await model.attach('adapter', adapter);
    const found = await Promise.all([
      ...prompts.map((ids) => continued(model, ids, [])),
      ...prompts.map((ids) => continued(model, ids, [{ name: 'adapter', weight: 1 }])),
    ]);
    const [alone, adapted] = [found.slice(0, prompts.length), found.slice(prompts.length)];
    const differing = [difference(alone, base), difference(adapted, attached)];
    const tokens = found.flat().length;
    const line = `${name.padEnd(18)} ${String(prompts.length).padStart(3)} prompts ${String(tokens).padStart(6)} tokens ${seconds(began).padStart(6)} s`;
    // A comparison in which the adapter changes nothing proves nothing about it.
    const isSame = JSON.stringify(base) === JSON.stringify(attached);
    const words = ['base', 'attached'].map((kind, i) => `${kind}: ${differing[i] ?? 'equal'}`);
    console.log(`${line}  ${words.join('; ')}${isSame ? '; FAILED the adapter changes no token' : ''}`);
    return differing.filter((text) => text !== undefined).length + Number(isSame);
  } finally {
    await model.close();
  }
}

/** The ids of the new tokens. */
async function continued(model, ids, adapters) {
  const sampling = { temperature: 0, topP: 1, seed: 0, topLogProbabilities: 0 };
  const found = [];
  const request = { ...sampling, ids: Int32Array.from(ids), adapters, maxNewTokens: newTokens };
  for await (const { tokens } of await model.generate(request)) found.push(...tokens.map(({ id }) => id));
  return found;
}

function difference(found, expected) {
  for (const [i, tokens] of expected.entries()) {
    const own = found[i];
    const at = [...tokens, -1].findIndex((id, t) => id !== (own[t] ?? -1));
    if (at >= 0) return `FAILED prompt ${i}, token ${at}: ${own[at]} instead of ${tokens[at]}`;
  }
  return undefined;
}

function seconds(began) {
  return ((performance.now() - began) / 1000).toFixed(1);
}
