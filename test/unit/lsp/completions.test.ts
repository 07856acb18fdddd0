import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CompletionItem, TextEdit } from 'vscode-languageserver-types';
import { withoutSnippets } from '../../../src/lsp/service/completions/suggestion';
import { applyEdits } from '../../../src/recipe/fixEdits';
import { writeJson } from '../../tiny/model';
import { tinyWorld } from './world';

const model = '"base_model": "./model"';
const data = '"dataset": { "path": "data.jsonl" }';

async function completions(t: TestContext, text: string): Promise<CompletionItem[]> {
  const world = await tinyWorld(t);
  const { document, position } = await world.open(text);
  return world.service.completions(document, position);
}

const labels = (items: readonly CompletionItem[]): readonly string[] => items.map(({ label }) => label);

/** The recipe after the entry was chosen; places of a snippet as `${1:8}`. */
async function chosen(t: TestContext, text: string, label: string): Promise<string> {
  const item = (await completions(t, text)).find((each) => each.label === label);
  assert.ok(item?.textEdit !== undefined && 'range' in item.textEdit, `${label} is not offered`);
  return applyEdits(text.replace('‸', ''), [...(item.additionalTextEdits ?? []), item.textEdit]);
}

describe('keys', () => {
  test('an object offers the keys that it does not have', async (t) => {
    const offered = labels(await completions(t, '{ "lora": { "r": 8, ‸ } }'));
    assert.ok(offered.includes('lora_alpha') && !offered.includes('r'));
  });

  test('what is required stands first', async (t) => {
    const items = await completions(t, '{ ‸ }');
    const [first, second] = [...items].sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1));
    assert.deepEqual([first?.label, second?.label], ['base_model', 'dataset']);
  });

  for (const [text, result] of [
    ['{ "lora": { ‸ } }', '{ "lora": { "r": ${1:8} } }'],
    ['{ "lora": { r‸ } }', '{ "lora": { "r": ${1:8} } }'],
    ['{ "lora": { "‸" } }', '{ "lora": { "r": ${1:8} } }'],
    ['{ "lora": { "‸ } }', '{ "lora": { "r": ${1:8} } }'],
    ['{ "lora": { "rank‸": 4 } }', '{ "lora": { "r": 4 } }'],
    ['{ "lora": { ‸ "bias": "none" } }', '{ "lora": { "r": ${1:8}, "bias": "none" } }'],
    ['{ "lora": { "bias": "none" ‸ } }', '{ "lora": { "bias": "none", "r": ${1:8} } }'],
  ] as const) {
    test(`${text} becomes ${result}`, async (t) => assert.equal(await chosen(t, text, 'r'), result));
  }

  test('in a comment nothing is offered', async (t) => {
    assert.deepEqual(await completions(t, '{ // ‸\n}'), []);
  });

  test('a whole recipe names what lies here, and can be read by an editor without snippets', async (t) => {
    const items = await completions(t, '‸');
    const recipe = items.find(({ label }) => label === 'Recipe: try it for a few steps');
    const [plain] = withoutSnippets([recipe!]);
    const textOf = (item: CompletionItem | undefined): string => (item?.textEdit as TextEdit).newText;
    assert.match(textOf(recipe), /"base_model": "\$\{1:\.\/model\}",/);
    assert.deepEqual(JSON.parse(textOf(plain).replace(/,\s*\}\s*$/, '}')), {
      base_model: './model',
      dataset: { path: './data.jsonl' },
      training: { max_steps: 20, per_device_train_batch_size: 1 },
    });
  });

  test('of several datasets one is chosen', async (t) => {
    const world = await tinyWorld(t);
    await writeFile(path.join(world.folder, 'a,b}.csv'), 'text\nhello\n');
    const { document, position } = await world.open('‸');
    const [recipe] = await world.service.completions(document, position);
    assert.match((recipe!.textEdit as TextEdit).newText, /"\$\{2\|\.\/a\\,b\\\}\.csv,\.\/data\.jsonl\|\}"/);
    const [plain] = withoutSnippets([recipe!]);
    assert.match((plain!.textEdit as TextEdit).newText, /"path": "\.\/a,b\}\.csv"/);
  });

  test('an empty document offers whole recipes', async (t) => {
    assert.ok(labels(await completions(t, '‸')).every((label) => label.startsWith('Recipe: ')));
  });
});

describe('values', () => {
  test('of an enumeration, the default marked', async (t) => {
    const items = await completions(t, '{ "training": { "lr_scheduler_type": "‸" } }');
    assert.deepEqual(labels(items), ['cosine', 'constant', 'constant_with_warmup', 'linear']);
    assert.equal(items[0]?.detail, 'default');
  });

  test('a broken recipe still offers them', async (t) => {
    const items = await completions(t, '{ "lora": { "r" 8 "bias": ‸ }, "training": [ } ');
    assert.deepEqual(labels(items), ['none', 'all', 'lora_only']);
  });

  test('target modules are those of this very model, with what they add', async (t) => {
    const items = await completions(t, `{ ${model}, "lora": { "r": 4, "target_modules": ["q_proj", "‸"] } }`);
    const found = items.find(({ label }) => label === 'v_proj');
    // Two layers of 32 → 16 features at rank 4.
    assert.equal(found?.detail, '2 layers, 384 parameters at rank 4');
    assert.ok(!labels(items).includes('q_proj'));
  });

  test('all-linear says what it means', async (t) => {
    const items = await completions(t, `{ ${model}, "lora": { "target_modules": ‸ } }`);
    const all = items.find(({ label }) => label === 'all-linear');
    assert.match(String(all?.detail), /^14 layers, /);
    assert.ok(labels(items).includes('["q_proj", "v_proj"]'));
  });

  test('ranks say what they cost', async (t) => {
    const items = await completions(t, `{ ${model}, ${data}, "lora": { "r": ‸ } }`);
    const eight = items.find(({ label }) => label === '8');
    const sixteen = items.find(({ label }) => label === '16');
    // q_proj 32 → 32 and v_proj 32 → 16, in two layers.
    assert.match(String(eight?.detail), /^1,792 trainable parameters, /);
    assert.match(String(sixteen?.detail), /^3,584 trainable parameters, /);
  });

  test('columns are those of the dataset', async (t) => {
    const items = await completions(
      t,
      `{ ${model}, "dataset": { "path": "data.jsonl", "columns": { "prompt": "‸" } } }`,
    );
    assert.deepEqual(labels(items), ['prompt', 'completion']);
  });

  test('lengths say how many rows fit', async (t) => {
    const items = await completions(t, `{ ${model}, "dataset": { "path": "data.jsonl", "max_length": ‸ } }`);
    assert.equal(items[0]?.detail, '100 % of 24 sampled rows fit whole');
  });

  test('base models and datasets are found in the workspace', async (t) => {
    const world = await tinyWorld(t);
    await mkdir(path.join(world.folder, 'deep', 'other'), { recursive: true });
    await writeFile(path.join(world.folder, 'deep', 'rows.csv'), 'text\nhello\n');
    for (const name of ['small.Q4_1.gguf', 'mine.lora.gguf']) {
      await writeFile(path.join(world.folder, 'deep', 'other', name), 'GGUF');
    }
    await writeJson(path.join(world.folder, 'deep', 'package.json'), { name: 'no dataset' });
    const models = await world.open('{ "base_model": "‸" }');
    const found = await world.service.completions(models.document, models.position);
    assert.ok(labels(found).includes('./model'));
    assert.equal(
      found.find(({ label }) => label === './deep/other/small.Q4_1.gguf')?.detail,
      'base model, GGUF, 4 bytes',
    );
    assert.ok(!labels(found).some((label) => label.endsWith('mine.lora.gguf')));
    const sets = await world.open('{ "dataset": { "path": "‸" } }');
    const offered = labels(await world.service.completions(sets.document, sets.position));
    assert.ok(offered.includes('./deep/rows.csv') && offered.includes('./data.jsonl'));
    assert.ok(!offered.some((label) => label.includes('package.json')));
  });

  test('GGUF files of the folder that is typed are base models', async (t) => {
    const world = await tinyWorld(t);
    await writeFile(path.join(world.folder, 'model', 'small.gguf'), 'GGUF');
    const { document, position } = await world.open('{ "base_model": "./model/‸" }');
    const offered = labels(await world.service.completions(document, position));
    assert.ok(offered.includes('./model/small.gguf'));
    assert.ok(!offered.includes('./model/config.json'));
  });

  test('paths go on from what is typed', async (t) => {
    const items = await completions(t, '{ "dataset": { "path": "./model/‸" } }');
    assert.ok(labels(items).includes('./model/config.json'));
  });
});
