import assert from 'node:assert/strict';
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  dropCheckpointsAfter,
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../../../src/engine/checkpoint/checkpoint';
import type { StoredTensor } from '../../../src/engine/checkpoint/checkpoint';
import { temporaryFolder } from '../../tiny/recipe';
import { failsWith } from '../formats/scratch';

const singles = (...values: number[]): Float32Array => Float32Array.from(values);

function tensors(...values: number[]): StoredTensor[] {
  const moments = { first: singles(0.1, 1e-30, -3), second: singles(4, 5e-38, 6) };
  return [
    { name: 'model.q_proj.lora_A.weight', shape: [1, 3], values: singles(...values), moments },
    { name: 'b', shape: [1], values: singles(9), moments: { first: singles(1), second: singles(2) } },
  ];
}

const blank = (): StoredTensor[] =>
  tensors(0, 0, 0).map(({ name, shape, values }) => {
    const zeros = (): Float32Array => new Float32Array(values.length);
    return { name, shape, values: zeros(), moments: { first: zeros(), second: zeros() } };
  });

describe('a checkpoint', () => {
  test('gives back every tensor, its moments and the progress', async (t) => {
    const folder = path.join(await temporaryFolder(t), 'step-3');
    const progress = {
      step: 3,
      cursor: { epoch: 1, consumed: 5, pending: [2, 4] },
      loss: 1.2345678901234567,
      best: null,
    };
    await writeCheckpoint(folder, tensors(1, -2.5, 1e-40), progress);
    const read = blank();
    assert.deepEqual(await readCheckpoint(folder, read), progress);
    assert.deepEqual(read, tensors(1, -2.5, 1e-40));
  });

  test('replaces the one of the same step', async (t) => {
    const folder = path.join(await temporaryFolder(t), 'step-3');
    await writeCheckpoint(folder, tensors(1, 1, 1), { step: 3 });
    await writeCheckpoint(folder, tensors(2, 2, 2), { step: 3 });
    const read = blank();
    await readCheckpoint(folder, read);
    assert.deepEqual(read[0]!.values, singles(2, 2, 2));
    assert.deepEqual(await readdir(path.dirname(folder)), ['step-3']);
  });

  test('of another adapter is refused', async (t) => {
    const folder = path.join(await temporaryFolder(t), 'step-3');
    await writeCheckpoint(folder, tensors(1, 1, 1), {});
    const [first] = blank();
    await failsWith('checkpoint-broken', readCheckpoint(folder, [{ ...first!, name: 'v_proj' }]));
    const larger = { ...first!, values: new Float32Array(4) };
    await failsWith('checkpoint-broken', readCheckpoint(folder, [larger]));
  });

  test('that was damaged is refused', async (t) => {
    const folder = path.join(await temporaryFolder(t), 'step-3');
    await writeCheckpoint(folder, tensors(1, 1, 1), {});
    await writeFile(path.join(folder, 'progress.json'), '{"step": ');
    await failsWith('checkpoint-broken', readCheckpoint(folder, blank()));
    await rm(path.join(folder, 'progress.json'));
    await failsWith('checkpoint-broken', readCheckpoint(folder, blank()));
    await truncate(path.join(folder, 'training_state.safetensors'), 200);
    await failsWith('safetensors-header-too-long', readCheckpoint(folder, blank()));
  });
});

describe('the checkpoints of a run', () => {
  async function withSteps(t: Parameters<typeof temporaryFolder>[0], ...steps: number[]): Promise<string> {
    const folder = await temporaryFolder(t);
    for (const step of steps) await mkdir(path.join(folder, `step-${step}`));
    return folder;
  }
  const steps = async (folder: string): Promise<number[]> => (await listCheckpoints(folder)).map(({ step }) => step);

  test('are listed by step, not by name', async (t) => {
    assert.deepEqual(await steps(await withSteps(t, 100, 9, 10)), [9, 10, 100]);
  });
  test('are none where there is no folder yet', async (t) => {
    assert.deepEqual(await steps(path.join(await temporaryFolder(t), 'checkpoints')), []);
  });
  test('do not count while they are written', async (t) => {
    const folder = await withSteps(t, 5);
    await mkdir(path.join(folder, '.step-6.writing.1.0b0e4f0c-0000-4000-8000-000000000000'));
    await writeFile(path.join(folder, 'step-7.tmp'), '');
    assert.deepEqual(await steps(folder), [5]);
  });

  test('are pruned from the oldest on', async (t) => {
    const folder = await withSteps(t, 1, 2, 3, 4);
    await pruneCheckpoints(folder, 2, undefined);
    assert.deepEqual(await steps(folder), [3, 4]);
  });
  test('keep the best one and always the newest', async (t) => {
    const folder = await withSteps(t, 1, 2, 3, 4);
    await pruneCheckpoints(folder, 2, 2);
    assert.deepEqual(await steps(folder), [2, 4]);
    await pruneCheckpoints(folder, 1, 2);
    assert.deepEqual(await steps(folder), [2, 4]);
    await pruneCheckpoints(folder, 0, undefined);
    assert.deepEqual(await steps(folder), [4]);
  });
  test('are all kept without a limit', async (t) => {
    const folder = await withSteps(t, 1, 2, 3, 4);
    await pruneCheckpoints(folder, null, undefined);
    assert.deepEqual(await steps(folder), [1, 2, 3, 4]);
  });
  test('after a step are dropped when the run goes back there', async (t) => {
    const folder = await withSteps(t, 1, 2, 3, 4);
    await dropCheckpointsAfter(folder, 2);
    assert.deepEqual(await steps(folder), [1, 2]);
  });
});
