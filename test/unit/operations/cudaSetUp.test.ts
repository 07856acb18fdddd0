import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { withoutCuda } from '../../../src/engine/devices/cudaSetUp';
import { driversKey } from '../../../src/engine/devices/drivers';
import { probe } from '../../../src/engine/devices/probe';
import { judge } from '../../../src/engine/devices/words';
import { howToFetch, nvidiaWheels, onnxWheel } from '../../../src/engine/operations/cuda/releases';
import { removeCuda, setUpCuda } from '../../../src/engine/operations/cuda/setUp';
import { describeCuda } from '../../../src/engine/operations/cuda/state';
import { unpack } from '../../../src/engine/operations/cuda/unpack';
import { essence } from '../../../src/engine/runtime/failures';
import { builtRelease, coreLibrary, cudaFolder, onnxPackage } from '../../../src/engine/runtime/onnx/cuda/place';
import type { SetUpNews } from '../../../src/run/setUp';

const canTry = ((): boolean => {
  try {
    execFileSync('python3', ['-m', 'pip', '--version']);
    return process.platform === 'linux' && process.arch === 'x64';
  } catch {
    return false;
  }
})();
const skip = canTry ? false : 'needs Linux on x64 with python3 and pip';

const before = { ...process.env };
let scratch = '';
let folder = '';

beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'lora-cuda-'));
  folder = path.join(scratch, 'cache', 'cuda');
});
afterEach(() => {
  process.env = { ...before };
  rmSync(scratch, { recursive: true });
});

/** Stands in for the program of NVIDIA's driver, which only has to answer. */
function driver(answer = '580.95.05, 9.0, NVIDIA H200'): void {
  const place = path.join(scratch, 'driver');
  mkdirSync(place);
  writeFileSync(path.join(place, 'nvidia-smi'), `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(path.join(place, 'nvidia-smi'), 0o755);
  process.env['PATH'] = `${place}:${before['PATH']}`;
}

/** Only these programs are found, beside the driver's. */
function onlyPrograms(programs: Readonly<Record<string, string>>): void {
  const place = path.join(scratch, 'programs');
  mkdirSync(place);
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, path.join(place, name));
  process.env['PATH'] = `${path.join(scratch, 'driver')}:${place}`;
}

/** pip asks nobody but this address. */
function onlyIndex(address: string): void {
  process.env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PIP_')));
  Object.assign(process.env, { PIP_INDEX_URL: address, PIP_CONFIG_FILE: '/dev/null', PIP_RETRIES: '0' });
}

interface Given {
  readonly wheel?: string;
  readonly signal?: AbortSignal;
  readonly onNews?: (news: SetUpNews) => void;
}

const setUp = ({ wheel, ...given }: Given = {}) =>
  setUpCuda({
    signal: new AbortController().signal,
    onNews: () => undefined,
    folder,
    ...given,
    wheel: wheel ?? null,
  });

const usual = 'onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl';

/** A real wheel, as far as its own words go: name, version and platform, and a library whose checksum is stated. */
function wheelFile(file: string, { version = '1.30.0', states = 'library' } = {}): string {
  const code = `
import base64, hashlib, sys, zipfile
stated = base64.urlsafe_b64encode(hashlib.sha256(sys.argv[3].encode()).digest()).decode().rstrip('=')
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    info = 'onnxruntime_gpu-1.30.0.dist-info/'
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.4\\nName: onnxruntime-gpu\\nVersion: ' + sys.argv[2] + '\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nTag: cp312-cp312-manylinux_2_28_x86_64\\n')
    wheel.writestr('onnxruntime/capi/libone.so', 'library')
    wheel.writestr(info + 'RECORD', 'onnxruntime/capi/libone.so,sha256=' + stated + ',7\\n')
`;
  execFileSync('python3', ['-c', code, file, version, states]);
  return file;
}

/** Nothing of a set-up is there, whole or half. */
function assertNothingLeft(): void {
  assert.deepEqual(readdirSync(path.dirname(folder)), []);
}

describe('setting up CUDA', { skip }, () => {
  test('without a driver', async () => {
    process.env['PATH'] = path.join(scratch, 'nothing');
    await assert.rejects(setUp(), { code: 'cuda-no-driver', hint: /580 or later.*"webgpu"/ });
  });

  test('with a driver whose card does not answer', async () => {
    driver('No devices were found');
    await assert.rejects(setUp(), { code: 'cuda-no-driver' });
  });

  test('with an old driver', async () => {
    driver('535.129.03, 8.6, NVIDIA GeForce RTX 3060');
    await assert.rejects(setUp(), { code: 'cuda-driver-old', message: /driver 535\.129\.03 is too old .* 580/ });
  });

  test('with a card for which CUDA 13 has no code', async () => {
    driver('580.95.05, 7.0, Tesla V100-SXM2-16GB');
    await assert.rejects(setUp(), { code: 'cuda-card-old', message: /Tesla V100-SXM2-16GB.* 7\.5 .* 7\.0/ });
  });

  test('without Python, or with one that has no pip', async () => {
    driver();
    onlyPrograms({});
    await assert.rejects(setUp(), { code: 'cuda-no-python', message: /fetches and unpacks CUDA/ });
    const python = path.join(scratch, 'programs', 'python3');
    const real = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
      env: before,
    });
    writeFileSync(python, `#!/bin/sh\nexec ${real.trim()} -S -E "$@"\n`);
    chmodSync(python, 0o755);
    await assert.rejects(setUp(), { code: 'cuda-no-pip', hint: /--wheel FOLDER/ });
  });

  test('without a network', async () => {
    driver();
    onlyIndex('http://127.0.0.1:9/');
    const failure = { code: 'cuda-not-downloaded', message: /no connection/, hint: /--wheel FOLDER/ };
    await assert.rejects(setUp(), failure);
    assertNothingLeft();
  });

  test('from an index that has another file of that name: its checksum is not the one that is known', async () => {
    driver();
    const place = path.join(scratch, 'index', 'onnxruntime-gpu');
    mkdirSync(place, { recursive: true });
    const name = usual.replaceAll('cp312', 'cp311');
    wheelFile(path.join(place, name));
    writeFileSync(path.join(place, 'index.html'), `<html><body><a href="${name}">${name}</a></body></html>`);
    onlyIndex(`file://${path.join(scratch, 'index')}`);
    const failure = { code: 'cuda-not-downloaded', message: /onnxruntime-gpu==1\.30\.0 .* another checksum/ };
    await assert.rejects(setUp(), failure);
    assertNothingLeft();
  });

  test('from a folder that lacks a wheel: no index is asked, and what to fetch is said', async () => {
    driver();
    const wheels = path.join(scratch, 'wheels');
    mkdirSync(wheels);
    const failure = { code: 'cuda-not-offered', message: /wheels does not hold onnxruntime-gpu==1\.30\.0/ };
    await assert.rejects(setUp({ wheel: wheels }), { ...failure, hint: /pip download .* nvidia-cudnn-cu13==/ });
    assertNothingLeft();
  });

  test('from a wheel that is not there', async () => {
    driver();
    await assert.rejects(setUp({ wheel: path.join(scratch, 'a.whl') }), { code: 'file-missing' });
  });

  const wrongNames: readonly (readonly [what: string, name: string, said: RegExp])[] = [
    ['another release', 'onnxruntime_gpu-1.29.0-cp312-cp312-manylinux_2_28_x86_64.whl', /1\.29\.0, and 1\.30\.0/],
    [
      'the package for processors',
      'onnxruntime-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl',
      /nothing for graphics cards/,
    ],
    ['another system', 'onnxruntime_gpu-1.30.0-cp312-cp312-win_amd64.whl', /win_amd64, and .* Linux on x64/],
    ['no platform in its name', 'onnxruntime_gpu-1.30.0.whl', /not the name of a wheel/],
  ];
  for (const [what, name, said] of wrongNames) {
    test(`from a wheel with ${what}`, async () => {
      driver();
      const wheel = path.join(scratch, name);
      writeFileSync(wheel, '');
      await assert.rejects(setUp({ wheel }), { code: 'cuda-file-wrong', message: said, hint: /pip download/ });
    });
  }

  test("from a wheel: it is looked at before NVIDIA's libraries are fetched", async () => {
    driver();
    onlyIndex('http://127.0.0.1:9/');
    const steps: string[] = [];
    const onNews = (news: SetUpNews): void => {
      if (news.type === 'step') steps.push(news.step);
    };
    const renamed = wheelFile(path.join(scratch, usual), { version: '1.29.0' });
    await assert.rejects(setUp({ wheel: renamed, onNews }), { code: 'cuda-file-wrong', message: /1\.29\.0/ });
    assert.deepEqual(steps, []);
    const wheel = wheelFile(path.join(scratch, usual));
    await assert.rejects(setUp({ wheel, onNews }), { code: 'cuda-not-downloaded' });
    assert.deepEqual(steps, ["Fetching NVIDIA's libraries (941 MB)"]);
    assertNothingLeft();
  });

  test('a stop leaves nothing behind', async () => {
    driver();
    const controller = new AbortController();
    const ended = await setUp({ signal: controller.signal, onNews: () => controller.abort() });
    assert.deepEqual(ended, { outcome: 'cancelled' });
    assertNothingLeft();
  });

  test('what it costs and what is missing is said beforehand', async () => {
    process.env['PATH'] = path.join(scratch, 'nothing');
    const state = await describeCuda(folder);
    assert.equal(state.set_up, null);
    assert.equal(state.download_bytes, 1_187_968_333);
    assert.match(state.hindrance!, /^CUDA needs NVIDIA's driver.* Install the driver/);
    driver();
    assert.equal((await describeCuda(folder)).hindrance, null);
  });
});

test('docs/devices.md says how the wheels get onto a computer without a network', () => {
  const page = readFileSync('docs/devices.md', 'utf8').replace(/ \\\n +/g, ' ');
  const [, command] = /`(.*)`/.exec(howToFetch([onnxWheel, ...nvidiaWheels]))!;
  assert.ok(page.includes(command!), command);
});

describe('what is taken out of a wheel', { skip }, () => {
  const signal = new AbortController().signal;

  test('has the checksum that the wheel states', async () => {
    await unpack({ folder: scratch, signal }, ['libone.so'], wheelFile(path.join(scratch, usual)));
    assert.equal(readFileSync(path.join(scratch, 'libone.so'), 'utf8'), 'library');
  });

  test('or else the wheel is damaged', async () => {
    const wheel = wheelFile(path.join(scratch, usual), { states: 'something else' });
    const failure = { code: 'cuda-file-wrong', message: /it is damaged/ };
    await assert.rejects(unpack({ folder: scratch, signal }, ['libone.so'], wheel), failure);
  });

  test('is named where it is not there', async () => {
    const wheel = wheelFile(path.join(scratch, usual));
    const failure = { code: 'cuda-file-wrong', message: /it does not hold libtwo\.so/ };
    await assert.rejects(unpack({ folder: scratch, signal }, ['libtwo.so'], wheel), failure);
  });
});

describe('CUDA', () => {
  /** A folder that counts as set up, as far as its note says. */
  function setUpFor(onnxruntime: string): void {
    process.env['XDG_CACHE_HOME'] = scratch;
    mkdirSync(cudaFolder(), { recursive: true });
    writeFileSync(path.join(cudaFolder(), 'setup.json'), JSON.stringify({ onnxruntime }));
  }

  test('that was set up or removed has every device tried again', async () => {
    process.env['XDG_CACHE_HOME'] = scratch;
    const without = driversKey();
    setUpFor('1.30.0');
    assert.equal(builtRelease(), '1.30.0');
    assert.notEqual(driversKey(), without);
    assert.equal(await removeCuda(), true);
    assert.equal(await removeCuda(), false);
    assert.equal(driversKey(), without);
  });

  test('of another release of ONNX Runtime is to be set up anew', { skip }, () => {
    setUpFor('1.29.0');
    const { reason, enable } = withoutCuda();
    assert.equal(reason, `CUDA was set up for ONNX Runtime 1.29.0, and this program has ${onnxPackage().version}.`);
    assert.match(enable, /^Run `lora setup cuda`/);
  });

  test('is set up for the release that this program has', () => {
    assert.equal(onnxWheel.version, onnxPackage().version);
  });

  test('that is set up is tried beside the processor, and says what is missing', { skip }, async () => {
    copyFileSync(path.join(onnxPackage().native, coreLibrary), path.join(scratch, coreLibrary));
    writeFileSync(path.join(scratch, 'setup.json'), JSON.stringify({ onnxruntime: onnxPackage().version }));
    const result = await probe('cuda', { cuda: scratch });
    // Without a driver it ends there, with one at NVIDIA's libraries, which this folder lacks.
    assert.match(judge(result).reason, /^No NVIDIA GPU with a driver was found\.$|libcudart\.so\.13/);
    assert.match(judge(result).enable!, /webgpu/);
  });

  test('is said to have failed in its own words, without those of its sources', () => {
    const said =
      '/src/cuda_call.cc:154 onnxruntime::CudaCall(ERRTYPE, const char*) [with ERRTYPE = cudaError] CUDA failure 100: no CUDA-capable ' +
      'device is detected ; GPU=-1 ; hostname=vm ; file=/src/cuda_execution_provider.cc ; line=352 ; expr=cudaSetDevice(device_id)';
    assert.equal(essence(said), 'CUDA failure 100: no CUDA-capable device is detected');
  });
});
