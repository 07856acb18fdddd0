import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { scratchFolder } from '../../../src/engine/formats/scratchFolder';

test('a scratch folder removes what killed processes of its kind left long ago, and nothing else', async (t) => {
  const kind = `lora-test-${process.pid}`;
  // No system gives this number to a process.
  const [old, recent] = await Promise.all([1, 2].map(() => mkdtemp(path.join(os.tmpdir(), `${kind}-4999999-`))));
  const mine = await scratchFolder(kind);
  t.after(() => Promise.all([recent!, mine].map((folder) => rm(folder, { recursive: true }))));
  const yesterday = new Date(Date.now() - 86_400_000);
  for (const folder of [old!, mine]) await utimes(folder, yesterday, yesterday);
  const another = await scratchFolder(kind);
  await rm(another, { recursive: true });
  const left = (await readdir(os.tmpdir())).filter((name) => name.startsWith(kind)).sort();
  assert.deepEqual(left, [recent!, mine].map((folder) => path.basename(folder)).sort());
});
