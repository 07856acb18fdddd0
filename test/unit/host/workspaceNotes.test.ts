import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WorkspaceNotes } from '../../../src/host/workspace/workspaceNotes';

function place(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-notes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('notes of a workspace', () => {
  test('are there as soon as they were made', async (t) => {
    const folder = path.join(place(t), 'not', 'made', 'yet');
    const noted = new WorkspaceNotes(folder, '/w').update('training', [{ recipe: '/a' }]);
    assert.deepEqual(new WorkspaceNotes(folder, '/w').get('training'), [{ recipe: '/a' }]);
    await noted;
  });

  test('go when they are taken back, and leave the others', async (t) => {
    const folder = place(t);
    const notes = new WorkspaceNotes(folder, '/w');
    await notes.update('one', 1);
    await notes.update('two', 2);
    await notes.update('one', undefined);
    const later = new WorkspaceNotes(folder, '/w');
    assert.deepEqual([later.get('one'), later.get('one', 7), later.keys()], [undefined, 7, ['two']]);
  });

  test('belong to one workspace', async (t) => {
    const folder = place(t);
    await new WorkspaceNotes(folder, '/w').update('one', 1);
    assert.deepEqual(new WorkspaceNotes(folder, '/v').keys(), []);
  });

  test('are none where the file is broken', async (t) => {
    const folder = place(t);
    await new WorkspaceNotes(folder, '/w').update('one', 1);
    const [file] = readdirSync(folder);
    for (const text of ['{"one": ', 'null', '7']) {
      writeFileSync(path.join(folder, file!), text);
      assert.deepEqual(new WorkspaceNotes(folder, '/w').keys(), []);
    }
  });

  test('say where they could not be written', async (t) => {
    const file = path.join(place(t), 'file');
    writeFileSync(file, '');
    await assert.rejects(new WorkspaceNotes(path.join(file, 'below'), '/w').update('one', 1), /ENOTDIR|EEXIST/);
  });
});
