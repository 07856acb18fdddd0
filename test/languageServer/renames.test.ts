import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { applyEdits } from '../../src/recipe/fixEdits';
import { TestClient, uriOf } from './client';
import { recipeText, writeProject } from './project';

test('recipes follow what they name: open ones as they stand in the editor, closed ones as they lie on disk', async (t) => {
  const { folder, recipe, data } = await writeProject(t);
  const closed = path.join(folder, 'sub', 'closed.lora.json');
  await mkdir(path.dirname(closed));
  const closedText = recipeText().replace('"data.jsonl"', '"../data.jsonl"');
  await writeFile(closed, closedText);
  await writeFile(path.join(folder, 'broken.lora.json'), '{ "dataset": { "path": ');
  await writeFile(path.join(folder, 'mine.lora.json'), '{}');
  const client = await TestClient.start(t, { folders: [folder] });
  const openText = recipeText('"name": "not saved yet"');
  await client.open(recipe, openText);

  const changes = await client.renames(data, path.join(folder, 'data', 'train.jsonl'));
  assert.deepEqual(Object.keys(changes).sort(), [recipe, uriOf(closed)].sort());
  assert.match(applyEdits(openText, changes[recipe]!), /"path": "data\/train\.jsonl"/);
  assert.match(applyEdits(closedText, changes[uriOf(closed)]!), /"path": "\.\.\/data\/train\.jsonl"/);
  assert.deepEqual(await client.renames(path.join(folder, 'else.txt'), path.join(folder, 'other.txt')), {});
});

test('what lies on no disk can be renamed without us', async (t) => {
  const { folder } = await writeProject(t);
  const client = await TestClient.start(t, { folders: [folder] });
  const files = [{ oldUri: 'vscode-vfs://github/a/data.jsonl', newUri: 'vscode-vfs://github/a/b.jsonl' }];
  assert.deepEqual(await client.request('workspace/willRenameFiles', { files }), { changes: {} });
});
