import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Executable } from '../../../src/engine/runtime/runtime';
import { deviceFailure } from '../../../src/engine/runtime/failures';
import type { CompiledLoss } from '../../../src/engine/train/optimizerStep';
import { copyState } from '../../../src/engine/train/state';
import { jobOf, run, tinyTraining } from './job';

/** The same computation, until the connection to its device is lost. */
function lostAfter(compiled: CompiledLoss, runs: number): CompiledLoss {
  let left = runs;
  const executable: Executable = {
    run: (inputs) =>
      left-- > 0
        ? compiled.executable.run(inputs)
        : Promise.reject(deviceFailure('webgpu', new Error('Device is lost.'))),
    dispose: () => compiled.executable.dispose(),
  };
  return { ...compiled, executable };
}

test('a device that is lost takes nothing of the run with it: the last step is kept, and the run goes on from it', async (t) => {
  const whole = await tinyTraining(t);
  await run(jobOf(whole).job);

  const { compiled, state } = await tinyTraining(t);
  const { job, saved } = jobOf({ compiled: lostAfter(compiled, 2), state });
  await assert.rejects(run(job), { code: 'device-lost', exitCode: 3 });
  assert.deepEqual(
    saved.map(({ progress }) => progress.step),
    [2],
  );
  const resumed = copyState(saved[0]!);
  await run(jobOf({ compiled, state: resumed }).job);
  assert.deepEqual(
    resumed.tensors.map(({ values }) => values),
    whole.state.tensors.map(({ values }) => values),
  );
});

describe('what a runtime says of a device becomes', () => {
  const said: readonly (readonly [code: string, message: string])[] = [
    ['device-lost', 'Non-zero status code returned while running MatMul node. Device is lost.'],
    ['device-lost', 'VK_ERROR_DEVICE_LOST'],
    ['device-lost', 'The GPU device has been removed: DXGI_ERROR_DEVICE_REMOVED'],
    ['device-out-of-memory', 'Failed to allocate memory for requested buffer of size 4294967296'],
    ['device-out-of-memory', 'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY'],
    ['device-failed', 'Shader compilation failed'],
  ];
  for (const [code, message] of said) {
    test(`${code}: ${message}`, () => {
      const failure = deviceFailure('webgpu', new Error(message));
      assert.deepEqual([failure.code, failure.exitCode], [code, 3]);
      assert.match(failure.hint!, /can be resumed from its last checkpoint/);
    });
  }

  test('a sentence without the file and line in which it was noticed', () => {
    const message =
      '/src/webgpu_context.cc:136 Initialize(const Config&) status == Success was false. Failed to get a WebGPU adapter';
    assert.equal(
      deviceFailure('webgpu', new Error(message)).message,
      'The device "webgpu" could not compute this: Failed to get a WebGPU adapter',
    );
  });
});
