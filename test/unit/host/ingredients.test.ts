import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { describeDataset, modelFolders, nameProblem, pathFromRecipe } from '../../../src/host/recipes/ingredients';

test('a model folder has a config.json and weights', () => {
  const files = ['/w/m/config.json', '/w/m/model.safetensors', '/w/app/config.json', '/w/x/adapter_model.safetensors'];
  assert.deepEqual(modelFolders(files), ['/w/m']);
});

describe('a dataset is described by its first row:', () => {
  for (const [name, text, words] of [
    ['a.jsonl', '{"prompt": "a", "completion": "b"}\n{"other": 1}', 'prompt, completion'],
    ['bom.jsonl', '\uFEFF{"text": "a"}', 'text'],
    ['a.csv', 'question,answer\r\n1,2', 'question, answer'],
    ['a.tsv', 'question\tanswer\n1\t2', 'question, answer'],
    ['broken.jsonl', '{"prompt', ''],
    ['empty.jsonl', '', ''],
    ['a.parquet', 'PAR1', ''],
  ] as const) {
    test(name, async (t) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'lora-data-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      writeFileSync(path.join(folder, name), text);
      assert.equal(await describeDataset(path.join(folder, name)), words);
    });
  }
});

test('paths in a recipe begin at its folder', () => {
  assert.equal(pathFromRecipe('/w', '/w/data/a.jsonl'), './data/a.jsonl');
  assert.equal(pathFromRecipe('/w/recipes', '/w/data/a.jsonl'), '../data/a.jsonl');
});

test('names are refused that some system does not allow', () => {
  for (const bad of ['', ' ', 'a/b', 'a\\b', '.hidden', 'dot.', 'space ', 'CON', 'nul.txt', 'a\u0007']) {
    assert.notEqual(nameProblem(bad), undefined, JSON.stringify(bad));
  }
  for (const good of ['support-bot', 'Modell für Ärzte', 'v1.2', 'console']) assert.equal(nameProblem(good), undefined);
});
