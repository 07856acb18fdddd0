import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { OpenPages } from '../../../src/host/views/openPages';
import { WorkspaceNotes } from '../../../src/host/workspace/workspaceNotes';

function notesOf(t: TestContext): WorkspaceNotes {
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-dashboards-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return new WorkspaceNotes(folder, '/w');
}

describe('the dashboards that are open', () => {
  test('are known after a window or an extension host that ended without a word', (t) => {
    const memory = notesOf(t);
    const before = new OpenPages(memory, 'lora.dashboards');
    before.add('/a');
    before.add('/b');
    before.delete('/a');
    assert.equal(new OpenPages(memory, 'lora.dashboards').missing(), '/b');
  });

  test('are open until the last page of the same is closed', (t) => {
    const memory = notesOf(t);
    const pages = new OpenPages(memory, 'lora.playgrounds');
    pages.add('/m');
    pages.add('/m');
    pages.delete('/m');
    assert.equal(new OpenPages(memory, 'lora.playgrounds').missing(), '/m');
    pages.delete('/m');
    assert.equal(new OpenPages(memory, 'lora.playgrounds').missing(), undefined);
  });

  test('are missing until they are shown again, one after the other', (t) => {
    const memory = notesOf(t);
    for (const folder of ['/a', '/b']) new OpenPages(memory, 'lora.dashboards').add(folder);
    const after = new OpenPages(memory, 'lora.dashboards');
    const shown = [after.missing()!];
    after.add(shown[0]!);
    shown.push(after.missing()!);
    after.add(shown[1]!);
    assert.deepEqual(shown.sort(), ['/a', '/b']);
    assert.equal(after.missing(), undefined);
  });

  test('are not forgotten when the next window ends before it has shown them', (t) => {
    const memory = notesOf(t);
    new OpenPages(memory, 'lora.dashboards').add('/a');
    new OpenPages(memory, 'lora.dashboards').add('/b');
    assert.equal(new OpenPages(memory, 'lora.dashboards').missing(), '/b');
    const third = new OpenPages(memory, 'lora.dashboards');
    third.add('/b');
    assert.equal(third.missing(), '/a');
  });

  test('of a window that never had any are none', (t) => {
    assert.equal(new OpenPages(notesOf(t), 'lora.dashboards').missing(), undefined);
  });
});
