import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { probe } from '../../../src/engine/devices/probe';
import { nothingFound } from '../../../src/engine/devices/probeResult';
import { temporaryFolder } from '../../tiny/recipe';

const found = { device: 'webgpu', outcome: 'usable', detail: '', ...nothingFound, stepMs: 3, cpuStepMs: 9 } as const;

test('a trial that somebody ends after its first part says so, and one whose driver dies then does not', async (t) => {
  const file = path.join(await temporaryFolder(t), 'trial.cjs');
  const tell = `process.send(${JSON.stringify(found)}, () =>`;
  await writeFile(file, `${tell} process.kill(process.pid, 'SIGINT')); setInterval(() => {}, 1000);`);
  assert.deepEqual(await probe('webgpu', { file }), { ...found, wasInterrupted: true });
  await writeFile(file, `${tell} process.kill(process.pid, 'SIGSEGV')); setInterval(() => {}, 1000);`);
  assert.deepEqual(await probe('webgpu', { file }), found);
});
