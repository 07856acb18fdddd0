import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { chooseDevice, fastest, judgeDevices } from '../../src/engine/devices/devices';
import { probe } from '../../src/engine/devices/probe';
import { judge } from '../../src/engine/devices/words';
import { driverEnvironment, halfDriver, softwareDriver, withoutDriver, withoutHalfDriver } from './softwareDriver';

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

/** Compiling shaders in software takes long on a busy machine. */
const patience = 600_000;

describe('a device that is tried', { skip: withoutDriver() }, () => {
  const cacheFile = path.join(folder, 'software.json');
  const once = { trial: 'once', cacheFile, patience } as const;

  test('is usable where it computes a training step as the processor does, and is timed beside it', async () => {
    const judged = await withDriver(softwareDriver()!, () => judgeDevices(once));
    const { usable, reason, result } = judged.find(({ device }) => device === 'webgpu')!;
    assert.ok(usable, reason);
    assert.ok(result!.stepMs! > 0 && result!.cpuStepMs! > 0);
  });

  test('in software loses against the processor, because both are measured', async () => {
    const { device, reason } = await withDriver(softwareDriver()!, () => chooseDevice('auto', once));
    assert.equal(device, 'cpu');
    assert.match(reason, /^It is the fastest: a small training step takes .* ms, on webgpu .* ms\.$/);
  });

  test('and is asked for by name is taken all the same', async () => {
    const { device, reason } = await withDriver(softwareDriver()!, () => chooseDevice('webgpu', once));
    assert.equal(device, 'webgpu');
    assert.match(reason, /^It is asked for by name\./);
  });

  test('is tried once: what was found is kept until the drivers change', async () => {
    const never = path.join(folder, 'never.cjs');
    const known = await withDriver(softwareDriver()!, () => judgeDevices({ ...once, file: never }));
    assert.ok(known.some(({ device, usable }) => device === 'webgpu' && usable));
    const other = driverFile('other.json', '/nowhere.so');
    assert.deepEqual(await withDriver(other, () => judgeDevices({ ...once, trial: 'known' })), []);
  });
});

describe('half precision is tried, too:', { skip: withoutHalfDriver() }, () => {
  test('a driver that has it', async () => {
    const cacheFile = path.join(folder, 'half.json');
    const once = { trial: 'once', cacheFile, patience, precision: 'fp16' } as const;
    const { device, reason } = await withDriver(halfDriver()!, () => chooseDevice('auto', once));
    assert.equal(device, 'webgpu');
    assert.match(reason, /^It computes in fp16\./);
    const [judged] = await withDriver(halfDriver()!, () => judgeDevices({ trial: 'known', cacheFile }));
    assert.deepEqual(judged!.precisions, ['fp32', 'fp16']);
    assert.deepEqual(Object.keys(judged!.without), ['bf16']);
  });

  test('a driver that has it not can be used all the same, and says why', async () => {
    const cacheFile = path.join(folder, 'single.json');
    const once = { trial: 'once', cacheFile, patience } as const;
    const judged = await withDriver(softwareDriver()!, () => judgeDevices(once));
    const { usable, precisions, without } = judged.find(({ device }) => device === 'webgpu')!;
    assert.deepEqual([usable, precisions], [true, ['fp32']]);
    assert.equal(without.fp16, 'Its driver offers no 16-bit numbers in shaders (shader-f16).');
    for (const wanted of ['webgpu', 'auto'] as const) {
      await withDriver(softwareDriver()!, () =>
        assert.rejects(chooseDevice(wanted, { ...once, precision: 'fp16' }), {
          code: 'precision-unsupported',
          message:
            wanted === 'auto'
              ? /^None of the devices of this computer computes in fp16\. .*shader-f16/
              : /does not compute in fp16\. .*shader-f16/,
          place: { path: 'engine.precision' },
        }),
      );
    }
  });

  test('the processor does not take part', async () => {
    await assert.rejects(chooseDevice('cpu', { trial: 'known', precision: 'fp16' }), { code: 'precision-unsupported' });
  });

  test('a driver that dies of it is of use all the same', async () => {
    const dying = path.join(folder, 'dying.cjs');
    const found = {
      device: 'webgpu',
      outcome: 'usable',
      detail: '',
      stepMs: 3,
      cpuStepMs: 9,
      halves: {},
      blocks: {},
      card: null,
      largestBuffer: null,
    };
    writeFileSync(dying, `process.send(${JSON.stringify(found)}, () => process.kill(process.pid, 'SIGSEGV'));`);
    const result = await probe('webgpu', { file: dying });
    assert.deepEqual(result, found);
    assert.match(judge(result).without.fp16!, /crashed or did not answer/);
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
    ...{
      device,
      usable: true,
      reason: '',
      enable: null,
      isKnown: true,
      precisions: [],
      without: {},
      quantizations: [],
    },
    result: {
      device,
      outcome: 'usable',
      detail: '',
      stepMs: [40, 30][i]!,
      cpuStepMs: 100,
      halves: {},
      blocks: {},
      card: null,
      largestBuffer: null,
    } as const,
  }));
  assert.deepEqual(fastest(judged), {
    device: 'coreml',
    reason: 'It is the fastest: a small training step takes 30 ms, on the processor 100 ms.',
    precisions: [],
  });
});
