import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { chooseRuntime } from '../../../src/engine/operations/chooseRuntime';
import { removeTensorflow, setUpTensorflow } from '../../../src/engine/operations/tensorflow/setUp';
import { TensorflowRuntime } from '../../../src/engine/runtime/tensorflow/tensorflowRuntime';
import { GraphBuilder } from '../../../src/engine/graph/builder';

const hasTools = (() => {
  try {
    execFileSync('g++', ['--version']);
    execFileSync('python3', ['-m', 'pip', '--version']);
    return process.platform === 'linux' && process.arch === 'x64';
  } catch {
    return false;
  }
})();
const skip = hasTools ? false : 'needs Linux on x64 with g++, python3 and pip';

const before = { ...process.env };
let scratch = '';
let folder = '';

beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'lora-tensorflow-'));
  folder = path.join(scratch, 'cache', 'tensorflow');
});
afterEach(() => {
  process.env = { ...before };
  rmSync(scratch, { recursive: true });
});

const real = (program: string): string => execFileSync('which', [program], { encoding: 'utf8' }).trim();

/** Only these programs are found. */
function onlyPrograms(programs: Readonly<Record<string, string>>): void {
  const place = path.join(scratch, 'programs');
  mkdirSync(place);
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, path.join(place, name));
  process.env['PATH'] = place;
}

const setUp = (options: { wheel?: string; package?: string; signal?: AbortSignal } = {}) =>
  setUpTensorflow({ signal: new AbortController().signal, onStep: () => undefined, folder, ...options });

/** Nothing of a set-up is there, whole or half. */
function assertNothingLeft(): void {
  assert.deepEqual(readdirSync(path.dirname(folder), { recursive: false }), []);
}

describe('setting up TensorFlow', { skip }, () => {
  test('without a compiler', async () => {
    onlyPrograms({});
    await assert.rejects(setUp(), { code: 'tensorflow-no-compiler' });
  });

  test('without Python', async () => {
    onlyPrograms({ 'g++': real('g++') });
    await assert.rejects(setUp(), { code: 'tensorflow-no-python' });
  });

  test('with a Python that has no pip', async () => {
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
    // Without its site packages, where pip lies.
    const bare = path.join(scratch, 'bare');
    writeFileSync(bare, `#!/bin/sh\nexec ${python} -S -E "$@"\n`);
    chmodSync(bare, 0o755);
    onlyPrograms({ 'g++': real('g++'), python3: bare });
    await assert.rejects(setUp(), { code: 'tensorflow-no-pip' });
  });

  test('without a network', async () => {
    Object.assign(process.env, { PIP_INDEX_URL: 'http://127.0.0.1:9/', PIP_RETRIES: '0', PIP_NO_CACHE_DIR: '1' });
    await assert.rejects(setUp(), { code: 'tensorflow-not-downloaded', hint: /--wheel FILE/ });
    assertNothingLeft();
  });

  test('from a wheel that is not there', async () => {
    await assert.rejects(setUp({ wheel: path.join(scratch, 'tensorflow.whl') }), { code: 'file-missing' });
  });

  test('from a wheel of another release', async () => {
    const wheel = path.join(scratch, 'tensorflow-2.16.1-cp311-cp311-manylinux_2_17_x86_64.whl');
    writeFileSync(wheel, '');
    await assert.rejects(setUp({ wheel }), { code: 'tensorflow-file-wrong', message: /TensorFlow 2\.15\.1 for Linux/ });
  });

  test('from a wheel that was not copied to its end', async () => {
    const wheel = path.join(scratch, 'tensorflow-2.15.1-cp311-cp311-manylinux_2_17_x86_64.whl');
    writeFileSync(wheel, 'PK\x03\x04');
    await assert.rejects(setUp({ wheel }), { code: 'tensorflow-file-wrong', message: /not a zip file/ });
    assertNothingLeft();
  });

  test('from another package', async () => {
    const wheel = path.join(scratch, 'tensorflow-2.15.1-cp311-cp311-manylinux_2_17_x86_64.whl');
    const other = path.join(scratch, 'tensorflow-tfjs-node-gpu-4.22.0.tgz');
    for (const file of [wheel, other]) writeFileSync(file, 'something else');
    await assert.rejects(setUp({ wheel, package: other }), { code: 'tensorflow-file-wrong', message: /checksum/ });
  });

  test('a stop leaves nothing behind', async () => {
    const controller = new AbortController();
    const stopped = setUpTensorflow({ signal: controller.signal, folder, onStep: () => controller.abort() });
    await assert.rejects(stopped, { name: 'AbortError' });
    assertNothingLeft();
  });
});

describe('TensorFlow', () => {
  test('what a killed set-up left goes with the next one, and what works at the moment stays', async () => {
    const ended = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
    const unfinished = (pid: string | number): string => `.tensorflow.writing.${pid}.${randomUUID()}`;
    const [dead, living] = [unfinished(ended), unfinished(process.pid)];
    for (const name of [dead, living, 'tensorflow']) {
      mkdirSync(path.join(scratch, 'cache', name), { recursive: true });
    }
    assert.equal(await removeTensorflow(folder), true);
    assert.deepEqual(readdirSync(path.dirname(folder)), [living]);
    assert.equal(await removeTensorflow(folder), false);
  });

  test('a recipe that asks for it where it is not set up', () => {
    process.env['XDG_CACHE_HOME'] = scratch;
    assert.throws(() => chooseRuntime({ runtime: 'tensorflow', device: 'cpu', threads: 0 }), {
      code: 'tensorflow-not-set-up',
    });
  });

  test('a binding that does not load', async () => {
    const binding = path.join(scratch, 'tfjs_binding.node');
    writeFileSync(binding, 'no library');
    const b = new GraphBuilder();
    const graph = b.finish({ y: b.scalar(1) });
    await assert.rejects(
      new TensorflowRuntime({ binding, threads: 0, gpu: false }).compile(graph, () => assert.fail('no weights')),
      { code: 'tensorflow-not-loading' },
    );
  });
});
