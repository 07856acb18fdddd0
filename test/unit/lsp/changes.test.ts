import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { relativePath, renamedPath, resolvePath } from '../../../src/lsp/service/filePaths';
import { openRecipe } from '../../../src/lsp/service/recipeDocument';
import { editsForRenames } from '../../../src/lsp/service/renames';
import { documentSymbols, foldingRanges, formatEdits } from '../../../src/lsp/service/structure';
import { applyEdits } from '../../../src/recipe/fixEdits';
import { tinyWorld } from './world';

const recipe = (text: string, file = '/home/me/project/recipes/mine.lora.json') =>
  openRecipe(`file://${file}`, file, text);

describe('quick fixes', () => {
  test('each fix of a problem at the cursor, and one for all that have one clear fix', async (t) => {
    const world = await tinyWorld(t);
    const text = `{ "base_model": "./model", "dataset": { "path": "data.jsonl" }, "lora": { "rank": 4 }, "training": { "lr": 1e-3 } }`;
    const { document } = await world.open(text);
    const whole = document.range(0, text.length);
    const actions = await world.service.codeActions(document, whole);
    const all = actions.find(({ kind }) => kind === 'source.fixAll.lora');
    const edits = all?.edit?.changes?.[document.uri] ?? [];
    const fixed = applyEdits(
      text,
      [...edits].sort((a, b) => a.range.start.character - b.range.start.character),
    );
    assert.match(fixed, /"r": 4/);
    assert.match(fixed, /"learning_rate": 1e-3|"learning_rate": 0\.001/);
    const first = document.range(text.indexOf('"rank"'), 1);
    const here = await world.service.codeActions(document, first);
    const quick = here.filter(({ kind }) => kind === 'quickfix');
    const [last, ...own] = quick.toReversed();
    assert.equal(last?.title, all?.title, 'all at once is offered where one is fixed');
    assert.ok(own.length > 0 && own.every(({ diagnostics }) => diagnostics?.[0]?.code === 'unknown-key'));
    assert.equal(quick.filter(({ isPreferred }) => isPreferred).length, 1);
  });

  test('only the kinds that are asked for', async (t) => {
    const world = await tinyWorld(t);
    const text = `{ "base_model": "./model", "dataset": { "path": "data.jsonl" }, "lora": { "rank": 4 } }`;
    const { document } = await world.open(text);
    const kinds = async (...only: readonly string[]): Promise<readonly (string | undefined)[]> => [
      ...new Set(
        (await world.service.codeActions(document, document.range(0, text.length), only)).map(({ kind }) => kind),
      ),
    ];
    assert.deepEqual(await kinds('source.fixAll'), ['source.fixAll.lora']);
    assert.deepEqual(await kinds('quickfix'), ['quickfix']);
    assert.deepEqual(await kinds('refactor'), []);
  });

  test('a column that is not there: the others are offered, the likeliest first', async (t) => {
    const world = await tinyWorld(t);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(`${world.folder}/data.jsonl`, '{"number": 1, "answer": "b", "problem": "a"}\n'.repeat(24));
    const text = `{ "base_model": "./model", "dataset": { "path": "data.jsonl", "columns": { "prompt": "xyzzy", "completion": "answer" } } }`;
    const { document } = await world.open(text);
    const actions = await world.service.codeActions(document, document.range(text.indexOf('xyzzy'), 1), ['quickfix']);
    assert.deepEqual(
      actions.map(({ title }) => title),
      ['Write "problem"', 'Write "number"'],
    );
  });

  test('problems of a dataset lie in the dataset', async (t) => {
    const world = await tinyWorld(t);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(`${world.folder}/data.jsonl`, '{"prompt": "a", "completion": "b"}\n{"prompt": \n');
    const { document } = await world.open('{ "base_model": "./model", "dataset": { "path": "data.jsonl" } }');
    const byUri = await world.service.diagnostics(document);
    const [uri] = [...byUri.keys()].filter((each) => each !== document.uri);
    assert.match(String(uri), /data\.jsonl$/);
    const [diagnostic] = byUri.get(uri!)!;
    assert.equal(diagnostic?.range.start.line, 1);
    assert.equal(diagnostic.relatedInformation?.[0]?.location.uri, document.uri);
    assert.equal(diagnostic.codeDescription?.href, `docs:${String(diagnostic.code)}`);
  });
});

describe('moving files', () => {
  const text = `{ "base_model": "../models/small", "dataset": { "path": "./data.jsonl" }, "output": "/abs/out" }`;
  const after = (renames: readonly { from: string; to: string }[]): string =>
    applyEdits(text, editsForRenames(recipe(text), renames));

  test('a dataset', () => {
    const moved = after([{ from: '/home/me/project/recipes/data.jsonl', to: '/home/me/project/data/train.jsonl' }]);
    assert.match(moved, /"path": "\.\.\/data\/train\.jsonl"/);
  });

  test('a folder above the model', () => {
    const moved = after([{ from: '/home/me/project/models', to: '/home/me/project/bases' }]);
    assert.match(moved, /"base_model": "\.\.\/bases\/small"/);
  });

  test('the recipe itself', () => {
    const moved = after([{ from: '/home/me/project/recipes/mine.lora.json', to: '/home/me/project/mine.lora.json' }]);
    assert.match(moved, /"base_model": "\.\/models\/small"/);
    assert.match(moved, /"path": "\.\/recipes\/data\.jsonl"/);
    assert.match(moved, /"output": "\/abs\/out"/);
  });

  test('the whole project: nothing changes', () => {
    assert.equal(after([{ from: '/home/me/project', to: '/home/me/other' }]), text);
  });

  test('something else: nothing changes', () => {
    assert.equal(after([{ from: '/home/me/project/models2', to: '/home/me/project/x' }]), text);
  });

  test('a hub id is no path', () => {
    const hub = recipe('{ "base_model": "gpt2" }');
    assert.deepEqual(
      editsForRenames(hub, [{ from: '/home/me/project/recipes/mine.lora.json', to: '/home/me/mine.lora.json' }]),
      [],
    );
  });

  test('paths of Windows', () => {
    assert.equal(resolvePath('c:\\lora\\recipes', '..\\data\\a.jsonl'), 'C:/lora/data/a.jsonl');
    assert.equal(relativePath('C:/lora/recipes', 'C:/lora/data/a.jsonl'), '../data/a.jsonl');
    assert.equal(relativePath('C:/lora', 'D:/data'), undefined);
    assert.equal(renamedPath('C:\\lora\\data\\a', 'c:/lora/data', 'C:/lora/rows'), 'C:/lora/rows/a');
  });
});

describe('structure', () => {
  const text = '{\n  // one\n  // two\n  "lora": {\n    "r": 8\n  },\n  "dataset": { "path": "x" }\n}\n';

  test('objects and runs of comments fold', () => {
    const folds = foldingRanges(recipe(text)).map(({ startLine, endLine }) => [startLine, endLine]);
    assert.deepEqual(folds, [
      [3, 4],
      [0, 6],
      [1, 2],
    ]);
  });

  test('the outline has every key with its value', () => {
    const [lora, dataset] = documentSymbols(recipe(text));
    assert.deepEqual([lora?.name, lora?.children?.[0]?.name, lora?.children?.[0]?.detail], ['lora', 'r', '8']);
    assert.equal(dataset?.children?.[0]?.detail, '"x"');
  });

  test('formatting keeps comments, and leaves alone what cannot be read', () => {
    const ugly = '{"lora":{"r":8},// why\n"name":"a"}';
    const options = { tabSize: 2, insertSpaces: true };
    const pretty = applyEdits(ugly, formatEdits(recipe(ugly), options));
    assert.match(pretty, /\/\/ why/);
    assert.match(pretty, /\n {2}"name": "a"/);
    assert.deepEqual(formatEdits(recipe('{"lora": '), options), []);
  });
});
