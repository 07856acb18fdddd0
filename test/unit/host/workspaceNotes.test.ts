import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
    const noted = new WorkspaceNotes(folder).update('training', [{ recipe: '/a' }]);
    assert.deepEqual(new WorkspaceNotes(folder).get('training'), [{ recipe: '/a' }]);
    await noted;
  });

  test('go when they are taken back, and leave the others', async (t) => {
    const folder = place(t);
    const notes = new WorkspaceNotes(folder);
    await notes.update('one', 1);
    await notes.update('two', 2);
    await notes.update('one', undefined);
    const later = new WorkspaceNotes(folder);
    assert.deepEqual([later.get('one'), later.get('one', 7), later.keys()], [undefined, 7, ['two']]);
  });

  test('are none where the file is none or broken', (t) => {
    const folder = place(t);
    assert.deepEqual(new WorkspaceNotes(folder).keys(), []);
    for (const text of ['{"a": ', 'null', '7']) {
      writeFileSync(path.join(folder, 'notes.json'), text);
      assert.deepEqual(new WorkspaceNotes(folder).keys(), []);
    }
  });

  test('say where they could not be written', async (t) => {
    const file = path.join(place(t), 'file');
    writeFileSync(file, '');
    await assert.rejects(new WorkspaceNotes(path.join(file, 'below')).update('one', 1), /ENOTDIR|EEXIST/);
  });
});
