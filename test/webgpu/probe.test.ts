import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { chooseDevice, fastest, judgeDevices } from '../../src/engine/devices/devices';
import { probe } from '../../src/engine/devices/probe';
import { judge } from '../../src/engine/devices/words';
import { driverEnvironment, softwareDriver, withoutDriver } from './softwareDriver';

const folder = mkdtempSync(path.join(tmpdir(), 'lora-devices-'));
after(() => rm(folder, { recursive: true }));

/** Runs with a driver that only the processes see that are started meanwhile. */
async function withDriver<T>(driver: string, work: () => Promise<T>): Promise<T> {
  const before = process.env;
  process.env = { ...before, ...driverEnvironment(driver) };
  try {
    return await work();
  } finally {
    process.env = before;
  }
}

/** Describes a driver as Vulkan's loader wants it. */
function driverFile(name: string, library: string): string {
  const file = path.join(folder, name);
  const driver = { file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } };
  writeFileSync(file, JSON.stringify(driver));
  return file;
}

describe('a device that is tried', { skip: withoutDriver() }, () => {
  test('is usable where it computes a training step as the processor does, and is timed beside it', async () => {
    const result = await withDriver(softwareDriver()!, () => probe('webgpu'));
    assert.equal(result.outcome, 'usable', JSON.stringify(result));
    assert.ok(result.stepMs! > 0 && result.cpuStepMs! > 0);
  });

  test('in software loses against the processor, because both are measured', async () => {
    const cacheFile = path.join(folder, 'software.json');
    const { device, reason } = await withDriver(softwareDriver()!, () =>
      chooseDevice('auto', { trial: 'once', cacheFile }),
    );
    assert.equal(device, 'cpu');
    assert.match(reason, /^It is the fastest: a small training step takes .* ms, on webgpu .* ms\.$/);
  });

  test('is tried once: what was found is kept until the drivers change', async () => {
    const cacheFile = path.join(folder, 'once.json');
    await withDriver(softwareDriver()!, async () => {
      const first = await judgeDevices({ trial: 'once', cacheFile });
      const kept = await readFile(cacheFile, 'utf8');
      assert.deepEqual(await judgeDevices({ trial: 'once', cacheFile }), first);
      assert.equal(await readFile(cacheFile, 'utf8'), kept);
      const known = await judgeDevices({ trial: 'known', cacheFile });
      assert.deepEqual(
        known.map(({ device, usable }) => [device, usable]),
        [['webgpu', true]],
      );
    });
    const elsewhere = await withDriver(driverFile('other.json', '/nowhere.so'), () =>
      judgeDevices({ trial: 'known', cacheFile }),
    );
    assert.deepEqual(elsewhere, []);
  });
});

describe('a device that cannot be used', () => {
  test('has no driver: the sentence says so, and the step that brings one', async () => {
    const result = await withDriver(driverFile('missing.json', '/nowhere.so'), () => probe('webgpu'));
    assert.equal(result.outcome, 'absent', JSON.stringify(result));
    assert.match(judge(result).reason, /^No graphics driver was found/);
    assert.match(judge(result).enable!, /driver/);
  });

  test('has a driver that is no driver', async () => {
    const broken = path.join(folder, 'broken.so');
    writeFileSync(broken, 'This is no library.');
    const result = await withDriver(driverFile('broken.json', broken), () => probe('webgpu'));
    assert.equal(result.outcome, 'absent', JSON.stringify(result));
  });

  test('does not answer', async () => {
    const hung = path.join(folder, 'hung.cjs');
    writeFileSync(hung, 'for (;;);');
    const result = await probe('webgpu', { file: hung, patience: 500 });
    assert.equal(result.outcome, 'hung');
    assert.match(judge(result).reason, /did not answer/);
  });

  test('takes its process with it', async () => {
    const crashing = path.join(folder, 'crashing.cjs');
    writeFileSync(crashing, "console.error('vkCreateDevice'); process.kill(process.pid, 'SIGSEGV');");
    const result = await probe('webgpu', { file: crashing });
    assert.equal(result.outcome, 'crashed');
    assert.match(judge(result).reason, /SIGSEGV: vkCreateDevice/);
  });

  test('is not judged by a trial that somebody ended', async () => {
    const file = path.join(folder, 'interrupted.cjs');
    writeFileSync(file, "process.kill(process.pid, 'SIGTERM'); for (;;);");
    const cacheFile = path.join(folder, 'interrupted.json');
    const [judged] = await judgeDevices({ trial: 'once', cacheFile, file });
    assert.equal(judged!.result!.outcome, 'interrupted');
    assert.deepEqual(await judgeDevices({ trial: 'known', cacheFile }), []);
  });

  test('and is asked for by name is a failure that says why', async () => {
    const options = { trial: 'once', cacheFile: path.join(folder, 'named.json') } as const;
    await withDriver(driverFile('none.json', '/nowhere.so'), async () => {
      await assert.rejects(chooseDevice('webgpu', options), {
        code: 'device-unavailable',
        message: 'The device "webgpu" cannot be used here. No graphics driver was found that it could use.',
        place: { path: 'engine.device' },
      });
      assert.equal((await chooseDevice('auto', options)).device, 'cpu');
    });
  });

  test('on no computer of this kind is not tried at all', async () => {
    const other = process.platform === 'win32' ? 'coreml' : 'directml';
    const file = path.join(folder, 'never.cjs');
    await assert.rejects(chooseDevice(other, { trial: 'once', file }), { code: 'device-unavailable' });
  });
});

test('the fastest of several devices is taken', () => {
  const judged = (['webgpu', 'coreml'] as const).map((device, i) => ({
    ...{ device, usable: true, reason: '', enable: null, isKnown: true },
    result: { device, outcome: 'usable', detail: '', stepMs: [40, 30][i]!, cpuStepMs: 100 } as const,
  }));
  assert.deepEqual(fastest(judged), {
    device: 'coreml',
    reason: 'It is the fastest: a small training step takes 30 ms, on the processor 100 ms.',
  });
});
