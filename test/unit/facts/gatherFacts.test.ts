import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { gatherFacts } from '../../../src/engine/facts/gatherFacts';
import { workspaceOf } from '../../../src/engine/facts/placeFacts';
import { loraOptions } from '../../../src/engine/facts/recipeOptions';
import { readSafetensorsHeader, readTensor, writeSafetensors } from '../../../src/engine/formats/safetensors';
import { planAdapter } from '../../../src/engine/lora/adapter';
import { Failure } from '../../../src/failure/failure';
import { isUnread, type Facts, type Unread } from '../../../src/recipe/facts';
import { checkDraft, parseRecipe } from '../../../src/recipe/parse';
import type { Problem } from '../../../src/recipe/problem';
import { resolveRecipe } from '../../../src/recipe/resolve';
import { writeJson } from '../../tiny/model';
import { jsonLines, temporaryFolder, tinyRows, writeRecipe, writeTinyProject } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';

async function project(t: TestContext): Promise<TinyProject> {
  return writeTinyProject(await temporaryFolder(t));
}

async function look({ recipe: file }: TinyProject): Promise<{ facts: Facts; problems: readonly Problem[] }> {
  const text = await readFile(file, 'utf8');
  const facts = await gatherFacts({ text, file });
  return { facts, problems: checkDraft(text, facts) };
}

async function codes(tiny: TinyProject): Promise<readonly string[]> {
  return (await look(tiny)).problems.map(({ code }) => code);
}

function known<T extends object>(part: T | undefined): Exclude<T, Unread> {
  assert.ok(part !== undefined && !('failure' in part), JSON.stringify(part));
  return part as Exclude<T, Unread>;
}

describe('the facts of a recipe', () => {
  test('of a sound project give no problem', async (t) => {
    const { facts, problems } = await look(await project(t));
    assert.deepEqual(problems, []);
    const model = known(facts.model);
    assert.deepEqual([model.family, model.blocks, model.head, model.vocabSize], ['llama', 2, 'lm_head', 99]);
    assert.deepEqual(model.tied, [['lm_head', 'model.embed_tokens']]);
    assert.deepEqual(
      model.modules.find(({ path: name }) => name.endsWith('1.self_attn.k_proj')),
      {
        path: 'model.layers.1.self_attn.k_proj',
        kind: 'linear',
        in: 32,
        out: 16,
        isAdaptable: true,
        layer: 1,
      },
    );
    const data = known(facts.data);
    assert.deepEqual([data.rows, data.rowsAreExact, data.columns], [24, true, ['prompt', 'completion']]);
    const tokens = known(facts.tokens);
    assert.deepEqual([tokens.rows, tokens.isWhole, tokens.endedRows], [24, true, 24]);
  });

  test('say everything that is wrong at once', async (t) => {
    const tiny = await project(t);
    await writeRecipe(tiny, {
      lora: { target_modules: ['q_proj', 'query', 'norm'], r: 64, lora_alpha: 64 },
      dataset: { path: 'nope.jsonl' },
    });
    assert.deepEqual((await codes(tiny)).toSorted(), [
      'dataset-missing',
      'rank-too-large',
      'target-not-found',
      'target-unsupported',
    ]);
  });

  test('name each bad row', async (t) => {
    const tiny = await project(t);
    const rows = tinyRows().map((row) => JSON.stringify(row));
    await writeFile(
      tiny.data,
      rows.with(3, 'nonsense').with(5, '{"prompt": 7, "completion": "x"}').with(8, '{"prompt": "a"}').join('\n'),
    );
    const { problems } = await look(tiny);
    assert.deepEqual(
      problems.map(({ code, file, range }) => [code, file, range.start.line]),
      [3, 5, 8].map((line) => ['dataset-row-invalid', tiny.data, line]),
    );
  });

  test('find answers that are empty and those that lie beyond the cut', async (t) => {
    const tiny = await project(t);
    const rows = tinyRows().map((row, i) =>
      i === 2 ? { ...row, completion: ' ' } : i < 6 ? { ...row, prompt: 'x'.repeat(40) } : row,
    );
    await writeFile(tiny.data, jsonLines(rows));
    const { problems } = await look(tiny);
    assert.deepEqual(
      problems.map(({ code, file, range }) => [code, file, range.start.line > 0]),
      [
        ['rows-cut-away', undefined, true],
        ['empty-answer', tiny.data, true],
      ],
    );
    // 40 characters, a few more, and the tokens around them: one step of 64.
    assert.match(problems[0]!.fixes![0]!.title, /to 64$/);
  });

  test('find a first token that is there twice', async (t) => {
    const tiny = await project(t);
    await writeFile(tiny.data, jsonLines(tinyRows().map(({ prompt }) => ({ text: `<s>${prompt}` }))));
    assert.deepEqual(await codes(tiny), ['double-bos']);
  });

  test('find what a template never says, and what it takes from another family', async (t) => {
    const tiny = await project(t);
    await writeFile(
      tiny.data,
      jsonLines(
        tinyRows().map(({ prompt, completion }) => ({
          messages: [
            { role: 'user', content: prompt },
            { role: 'assistant', content: completion },
          ],
        })),
      ),
    );
    assert.deepEqual(await codes(tiny), ['dataset-chat-template-missing']);
    const write = (ending: string): Promise<void> => {
      const template = `{% for m in messages %}{{ m.role[0] }}:{{ m.content }}${ending}{% endfor %}`;
      return writeRecipe(tiny, { dataset: { template, max_length: 64 } });
    };
    await write('\\n');
    assert.deepEqual(await codes(tiny), ['end-token-not-learnt']);
    await write('{{ eos_token }}');
    assert.deepEqual(await codes(tiny), []);
    await write('<|im_end|>{{ eos_token }}');
    assert.deepEqual(await codes(tiny), ['template-token-split']);
  });

  test('find control tokens that the model never learnt', async (t) => {
    const tiny = await project(t);
    const tokenizer = JSON.parse(await readFile(path.join(tiny.model, 'tokenizer.json'), 'utf8')) as {
      added_tokens: object[];
    };
    tokenizer.added_tokens.push({ ...tokenizer.added_tokens[0], id: 98, content: '~' });
    await writeJson(path.join(tiny.model, 'tokenizer.json'), tokenizer);
    await writeRecipe(tiny, { dataset: { format: 'prompt-completion', template: '~{{ prompt }}' } });
    assert.deepEqual(await codes(tiny), []);

    const weights = path.join(tiny.model, 'model.safetensors');
    const stored = [];
    for (const [name, entry] of (await readSafetensorsHeader(weights)).tensors) {
      const values = await readTensor(entry);
      if (name === 'model.embed_tokens.weight') values.fill(1e-3, 98 * 32, 99 * 32);
      stored.push({ name, shape: entry.shape, data: values });
    }
    await writeSafetensors(weights, stored);
    const { facts, problems } = await look(tiny);
    assert.deepEqual(known(facts.tokens).untrainedTokens, [{ text: '~', id: 98 }]);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['template-token-untrained'],
    );
  });

  test('give up a pattern that would never end', async (t) => {
    const tiny = await project(t);
    await writeRecipe(tiny, { lora: { target_modules: '((([a-z._0-9]+)+)+)+!' } });
    // Not by the clock on the wall: on a busy machine that goes on while nothing is computed.
    const begun = process.cpuUsage();
    assert.deepEqual(await codes(tiny), ['pattern-too-slow']);
    const { user, system } = process.cpuUsage(begun);
    assert.ok((user + system) / 1000 < 5000);
  });

  test('of an adapter to start from that is not there is a problem at its key', async (t) => {
    const tiny = await project(t);
    await writeRecipe(tiny, { lora: { init_from: 'adapters/none' } });
    assert.deepEqual(
      (await look(tiny)).problems.map(({ code, path: key }) => [code, key]),
      [['adapter-missing', 'lora.init_from']],
    );
  });

  test('are not gathered any further once that was asked', async (t) => {
    const { recipe: file } = await project(t);
    const text = await readFile(file, 'utf8');
    await assert.rejects(gatherFacts({ text, file, signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});

describe('places', () => {
  test('the workspace is the nearest folder with .git or .vscode, else the current one', async (t) => {
    const folder = await temporaryFolder(t);
    const deep = path.join(folder, 'a', 'b');
    await mkdir(deep, { recursive: true });
    const file = path.join(deep, 'r.lora.json');
    assert.equal(workspaceOf(file, path.join(folder, 'a')), path.join(folder, 'a'));
    assert.equal(workspaceOf(file, path.join(folder, 'c')), deep);
    await mkdir(path.join(folder, '.vscode'));
    assert.equal(workspaceOf(file, path.join(folder, 'a')), folder);
  });

  test('two recipes of one output, and a path that leads out, are doubted', async (t) => {
    const tiny = await project(t);
    await writeFile(path.join(tiny.folder, 'other.lora.json'), '{ "name": "tiny" }');
    assert.deepEqual(await codes(tiny), ['output-shared']);
    await mkdir(path.join(tiny.folder, 'in', '.git'), { recursive: true });
    const inner = { ...tiny, recipe: path.join(tiny.folder, 'in', 'r.lora.json') };
    await writeRecipe(inner, { base_model: tiny.model, dataset: { path: '../train.jsonl' } });
    assert.deepEqual(await codes(inner), ['path-outside-workspace']);
  });
});

/** The table and the engine read the same recipe: whoever is stricter would refuse what the other trains. */
describe('checks and engine agree on', () => {
  const sections: readonly Record<string, unknown>[] = [
    {},
    { target_modules: 'all-linear' },
    { target_modules: ['q_proj', 'layers.0.mlp.up_proj'] },
    { target_modules: ['query'] },
    { target_modules: ['q_proj', 'norm'] },
    { target_modules: ['mlp'] },
    { target_modules: ['lm_head'] },
    { target_modules: ['embed_tokens', 'q_proj'] },
    { target_modules: '.*\\.1\\..*_proj' },
    { target_modules: '.*' },
    { target_modules: 'proj' },
    { layers_to_transform: [0] },
    { layers_to_transform: 5 },
    { layers_to_transform: [1], target_modules: ['q_proj', 'lm_head'] },
    { layers_to_transform: [1], target_modules: ['model.layers.0.self_attn.q_proj'] },
    { exclude_modules: ['q_proj'] },
    { exclude_modules: ['q_proj', 'v_proj'] },
    { exclude_modules: '.*_proj' },
    { modules_to_save: ['lm_head'] },
    { modules_to_save: ['norm'] },
    { modules_to_save: ['_proj'] },
    { modules_to_save: ['layers'] },
    { modules_to_save: ['q_proj', 'v_proj'] },
    { modules_to_save: ['head'] },
    { r: 17 },
    { r: 40, rank_pattern: { 'q_proj|v_proj': 8 } },
    { r: 4, rank_pattern: { '0.*v_proj': 33 } },
  ];
  for (const lora of sections) {
    test(JSON.stringify(lora), async (t) => {
      const tiny = await project(t);
      await writeRecipe(tiny, { lora });
      const text = await readFile(tiny.recipe, 'utf8');
      const { recipe } = parseRecipe(text);
      const { model } = await openBaseModel(tiny.model, '.');
      const refused = failureCode(() =>
        planAdapter(model, loraOptions(resolveRecipe(recipe!, { recipeFile: tiny.recipe }).lora)),
      );
      const errors = (await look(tiny)).problems.filter(({ severity }) => severity === 'error').map(({ code }) => code);
      // Nothing left to adapt is one check, whoever took it away.
      const wanted = refused === 'target-excluded' ? 'targets-all-saved' : refused;
      if (wanted === undefined) assert.deepEqual(errors, []);
      else assert.ok(errors.includes(wanted), `${wanted} is not among ${errors.join()}`);
    });
  }
});

function failureCode(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

test('a part that could not be read is told apart', () => {
  assert.ok(isUnread({ failure: { code: 'a', message: 'b' } }));
  assert.ok(!isUnread(undefined));
});
