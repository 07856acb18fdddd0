import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { chooseDevice, judgeDevices } from '../../../src/engine/devices/devices';
import type { DeviceOptions } from '../../../src/engine/devices/devices';
import { ProbeCache } from '../../../src/engine/devices/probeCache';
import { nothingFound } from '../../../src/engine/devices/probeResult';
import type { ProbeResult } from '../../../src/engine/devices/probeResult';
import { temporaryFolder } from '../../tiny/recipe';

const usable = { usable: true, detail: '' };

/** As if this computer had these devices, and all had been tried. */
async function found(t: TestContext, ...results: readonly Partial<ProbeResult>[]): Promise<DeviceOptions> {
  const cacheFile = path.join(await temporaryFolder(t), 'devices.json');
  const cache = new ProbeCache(undefined, cacheFile);
  for (const result of results) {
    const times = { stepMs: 3, cpuStepMs: 30 };
    await cache.set({ device: 'webgpu', outcome: 'usable', detail: '', ...nothingFound, ...times, ...result });
  }
  return { trial: 'known', cacheFile };
}

const card = { name: 'NVIDIA GeForce RTX 4070', memoryBytes: 12e9 };
const webgpu = {
  halves: { fp16: usable },
  blocks: { int8: usable, nf4: { usable: false, detail: 'missing: Cast' } },
} as const;
const cuda = {
  device: 'cuda',
  stepMs: 2,
  card,
  largestBuffer: 2 ** 32,
  halves: { fp16: usable, bf16: usable },
  blocks: { int8: usable, int4: usable, nf4: usable },
} as const;

describe('a device is chosen', () => {
  test('as the fastest, with the name of its card', async (t) => {
    assert.deepEqual(await chooseDevice('auto', await found(t, webgpu, cuda)), {
      device: 'cuda',
      reason:
        'It is the fastest (NVIDIA GeForce RTX 4070, 12.0 GB): a small training step takes 2.0 ms, on the processor 30 ms.',
      precisions: ['fp32', 'fp16', 'bf16'],
      largestBuffer: 2 ** 32,
    });
  });

  test('among those that compute in a precision', async (t) => {
    const both = await found(t, webgpu, { ...cuda, stepMs: 5 });
    assert.equal((await chooseDevice('auto', { ...both, precision: 'fp16' })).device, 'webgpu');
    assert.equal((await chooseDevice('auto', { ...both, precision: 'bf16' })).device, 'cuda');
    await assert.rejects(chooseDevice('webgpu', { ...both, precision: 'bf16' }), {
      code: 'precision-unsupported',
      message: /"webgpu" does not compute in bf16\. .*CUDA/,
    });
    const one = await found(t, webgpu);
    await assert.rejects(chooseDevice('auto', { ...one, precision: 'bf16' }), {
      code: 'precision-unsupported',
      message: /^None of the devices of this computer computes in bf16\. webgpu: Only CUDA/,
    });
    const failing = await found(t, { ...cuda, halves: { bf16: { usable: false, detail: 'missing: Gemm' } } });
    await assert.rejects(chooseDevice('cuda', { ...failing, precision: 'bf16' }), {
      message: /A training step in bf16 did not succeed there: missing: Gemm\./,
    });
  });

  test('before anything was tried, for bf16 as what alone can have it', async (t) => {
    const nothing = await found(t);
    assert.equal((await chooseDevice('auto', { ...nothing, precision: 'bf16' })).device, 'cuda');
    assert.equal((await chooseDevice('auto', { ...nothing, precision: 'fp16' })).device, 'webgpu');
  });

  test('among those that compute with blocks, the processor among them', async (t) => {
    const both = await found(t, webgpu, { ...cuda, stepMs: 5 });
    assert.equal((await chooseDevice('auto', { ...both, quantization: 'int8' })).device, 'webgpu');
    assert.equal((await chooseDevice('auto', { ...both, quantization: 'nf4' })).device, 'cuda');
    assert.equal((await chooseDevice('webgpu', { ...both, quantization: 'int8' })).device, 'webgpu');
    const one = await found(t, webgpu);
    assert.deepEqual(await chooseDevice('auto', { ...one, quantization: 'nf4' }), {
      device: 'cpu',
      reason: 'No other device here computes with weights in nf4.',
    });
    await assert.rejects(chooseDevice('webgpu', { ...one, quantization: 'nf4' }), {
      code: 'quantization-unsupported',
      message:
        'The device "webgpu" does not compute with weights in nf4. A training step with nf4 did not succeed there: missing: Cast.',
      place: { path: 'engine.quantization' },
    });
    await assert.rejects(chooseDevice('webgpu', { ...one, quantization: 'int4' }), {
      message: /crashed or did not answer/,
    });
  });

  test('where a driver plays a GPU in software, without blocks', async (t) => {
    const software = await found(t, { stepMs: 500 });
    await assert.rejects(chooseDevice('webgpu', { ...software, quantization: 'int8' }), {
      message: /Its driver plays a GPU in software, and is not tried with int8\./,
    });
  });

  test('with both: blocks that are multiplied with in 16 bits', async (t) => {
    const both = await found(t, webgpu, { ...cuda, stepMs: 5 });
    const options = { ...both, precision: 'fp16', quantization: 'nf4' } as const;
    assert.equal((await chooseDevice('auto', options)).device, 'cuda');
    await assert.rejects(
      chooseDevice('auto', { ...(await found(t, webgpu)), precision: 'fp16', quantization: 'nf4' }),
      {
        message:
          /None of the devices of this computer computes in fp16 with weights in nf4\. webgpu: A training step with nf4 did not succeed/,
      },
    );
    const [first] = await judgeDevices(both);
    assert.deepEqual(first!.quantizations, ['int8']);
  });
});
