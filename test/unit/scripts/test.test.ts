import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

test('npm test says in one sentence that a folder has no tests', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lora-no-tests-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', folder], { encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [1, '', `There are no tests (*.test.ts) in ${folder}.\n`]);
});
