import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { PromptSet } from '../../../src/host/views/playground/promptSet';
import { temporaryFolder } from '../../tiny/recipe';

describe('the prompt set', () => {
  test('is kept in a file that people can read', async (t) => {
    const folder = await temporaryFolder(t);
    const set = new PromptSet(path.join(folder, '.lora', 'prompts.json'));
    assert.deepEqual((await set.read()).prompts, []);
    await Promise.all([set.write(['one']), set.write(['one', 'two\nlines'])]);
    assert.deepEqual((await set.read()).prompts, ['one', 'two\nlines']);
    assert.equal(await readFile(set.file!, 'utf8'), '{\n  "prompts": [\n    "one",\n    "two\\nlines"\n  ]\n}\n');
    assert.deepEqual(await readdir(path.dirname(set.file!)), ['prompts.json']);
  });

  test('that cannot be read is never overwritten', async (t) => {
    const folder = await temporaryFolder(t);
    const file = path.join(folder, 'prompts.json');
    await writeFile(file, '{ "prompts": ["one",');
    const set = new PromptSet(file);
    assert.match((await set.write(['two'])).problem ?? '', /cannot be read/);
    assert.equal(await readFile(file, 'utf8'), '{ "prompts": ["one",');
  });

  test('that cannot be saved says why, and without a folder is there until the playground is closed', async (t) => {
    const folder = await temporaryFolder(t);
    await mkdir(path.join(folder, 'prompts.json', 'in the way'), { recursive: true });
    const saved = await new PromptSet(path.join(folder, 'prompts.json')).write(['two']);
    assert.match(saved.problem ?? '', /^The prompt set cannot be read: EISDIR/);
    await writeFile(path.join(folder, '.lora'), 'a file in the way of the folder');
    const unsaved = await new PromptSet(path.join(folder, '.lora', 'x', 'prompts.json')).write(['two']);
    assert.match(unsaved.problem ?? '', /^The prompt set (cannot be read|could not be saved): ENOTDIR/);
    assert.deepEqual(unsaved.prompts, []);
    const withoutFolder = new PromptSet(null);
    assert.deepEqual(await withoutFolder.write(['two']), { prompts: ['two'], file: null, problem: null });
    assert.deepEqual((await withoutFolder.read()).prompts, ['two']);
  });
});
