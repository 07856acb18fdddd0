import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { chooseRuntime } from '../../../src/engine/operations/chooseRuntime';
import { removeTensorflow, setUpTensorflow } from '../../../src/engine/operations/tensorflow/setUp';
import { describeTensorflow } from '../../../src/engine/operations/tensorflow/state';
import { builtVariant } from '../../../src/engine/runtime/tensorflow/place';
import type { SetUpNews } from '../../../src/run/setUp';
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

const realPython = (): string =>
  execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
/** A disk of two megabytes; undefined where this user may not make one. */
function smallDisk(): string | undefined {
  const place = path.join(scratch, 'disk');
  mkdirSync(place);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place]).status === 0 ? place : undefined;
}
const real = (program: string): string => execFileSync('which', [program], { encoding: 'utf8' }).trim();

/** Only these programs are found. */
function onlyPrograms(programs: Readonly<Record<string, string>>): void {
  const place = path.join(scratch, 'programs');
  mkdirSync(place);
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, path.join(place, name));
  process.env['PATH'] = place;
}

interface Given {
  readonly variant?: 'cpu' | 'gpu';
  readonly wheel?: string;
  readonly package?: string;
  readonly headers?: string;
  readonly signal?: AbortSignal;
  readonly onNews?: (news: SetUpNews) => void;
}

const setUp = ({ variant = 'cpu', wheel, package: sources, ...given }: Given = {}) =>
  setUpTensorflow({
    signal: new AbortController().signal,
    onNews: () => undefined,
    folder,
    ...given,
    variant,
    wheel: wheel ?? null,
    package: sources ?? null,
  });

/** A real wheel, as far as its own words go: the file's name and what its files say. */
function wheelFile(
  name: string,
  said: { readonly name?: string; readonly version?: string; readonly tag?: string } = {},
  place = scratch,
): string {
  const file = path.join(place, name);
  const { name: own = 'tensorflow-cpu', version = '2.15.1', tag = 'cp311-cp311-manylinux2014_x86_64' } = said;
  const code = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    info = 'tensorflow_cpu-2.15.1.dist-info/'
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: ${own}\\nVersion: ${version}\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: ${tag}\\n')
    wheel.writestr(info + 'RECORD', '')
`;
  execFileSync('python3', ['-c', code, file]);
  return file;
}

/** Has pip know nothing but a folder on this disk. */
function onlyIndex(files: (place: string) => void): void {
  const place = path.join(scratch, 'index', 'tensorflow-cpu');
  mkdirSync(place, { recursive: true });
  files(place);
  const links = readdirSync(place).map((name) => `<a href="${name}">${name}</a>`);
  writeFileSync(path.join(place, 'index.html'), `<html><body>${links.join('')}</body></html>`);
  process.env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PIP_')));
  Object.assign(process.env, {
    PIP_INDEX_URL: `file://${path.join(scratch, 'index')}`,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_RETRIES: '0',
  });
}

const usual = 'tensorflow_cpu-2.15.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl';

const usualForCards = usual.replace('tensorflow_cpu', 'tensorflow');

/** Stands in for the program of NVIDIA's driver, which only has to answer. */
function driver(): void {
  const place = path.join(scratch, 'driver');
  mkdirSync(place);
  writeFileSync(path.join(place, 'nvidia-smi'), '#!/bin/sh\n');
  chmodSync(path.join(place, 'nvidia-smi'), 0o755);
  process.env['PATH'] = `${place}:${process.env['PATH']}`;
}

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
    onlyIndex(() => undefined);
    process.env['PIP_INDEX_URL'] = 'http://127.0.0.1:9/';
    const failure = { code: 'tensorflow-not-downloaded', message: /no connection/, hint: /--wheel FILE/ };
    await assert.rejects(setUp(), failure);
    assertNothingLeft();
  });

  test('for a card without a network: a wheel on disk is no way out, and is not called one', async () => {
    driver();
    onlyIndex(() => undefined);
    process.env['PIP_INDEX_URL'] = 'http://127.0.0.1:9/';
    const hint = /^Check the connection and try again; for a graphics card NVIDIA's libraries are always fetched/;
    const wheel = wheelFile(usualForCards, { name: 'tensorflow' });
    for (const given of [{}, { wheel }]) {
      await assert.rejects(setUp({ variant: 'gpu', ...given }), { code: 'tensorflow-not-downloaded', hint });
      assertNothingLeft();
    }
  });

  test("for a card from a wheel: it is looked at before NVIDIA's libraries are fetched, which is said", async () => {
    driver();
    onlyIndex(() => undefined);
    const steps: string[] = [];
    const onNews = (news: SetUpNews): void => {
      if (news.type === 'step') steps.push(news.step);
    };
    const renamed = wheelFile(usualForCards, { name: 'tensorflow', version: '2.16.1' });
    await assert.rejects(setUp({ variant: 'gpu', wheel: renamed, onNews }), { code: 'tensorflow-file-wrong' });
    assert.deepEqual(steps, []);
    const wheel = wheelFile(usualForCards, { name: 'tensorflow' });
    const failure = {
      code: 'tensorflow-not-offered',
      message: /nvidia-cublas-cu12==12\.2\.5\.6/,
      hint: /always fetched/,
    };
    await assert.rejects(setUp({ variant: 'gpu', wheel, onNews }), failure);
    assert.deepEqual(steps, ["Fetching NVIDIA's libraries (1.60 GB)"]);
    assertNothingLeft();
  });

  test('from a wheel that is not there', async () => {
    await assert.rejects(setUp({ wheel: path.join(scratch, 'tensorflow.whl') }), { code: 'file-missing' });
  });

  const wrongNames: readonly (readonly [what: string, name: string, said: RegExp])[] = [
    ['another release', 'tensorflow-2.16.1-cp311-cp311-manylinux_2_17_x86_64.whl', /TensorFlow 2\.16\.1, and 2\.15\.1/],
    ['another package', 'torch-2.15.1-cp311-cp311-manylinux_2_17_x86_64.whl', /a wheel of torch/],
    [
      'another processor',
      'tensorflow_cpu-2.15.1-cp311-cp311-manylinux_2_17_aarch64.whl',
      /_aarch64, and .* Linux on x64/,
    ],
    ['another system', 'tensorflow-2.15.1-cp311-cp311-macosx_12_0_x86_64.whl', /macosx_12_0_x86_64/],
    ['another Python', 'tensorflow-2.15.1-cp312-cp312-manylinux_2_17_x86_64.whl', /the Python cp312/],
    ['no platform in its name', 'tensorflow-2.15.1.whl', /not the name of a wheel/],
  ];
  for (const [what, name, said] of wrongNames) {
    test(`from a wheel with ${what}`, async () => {
      const wheel = path.join(scratch, name);
      writeFileSync(wheel, '');
      await assert.rejects(setUp({ wheel }), { code: 'tensorflow-file-wrong', message: said, hint: /pip download/ });
    });
  }

  test('from a wheel of another Python that was given the right name', async () => {
    const wheel = wheelFile(usual, { tag: 'cp312-cp312-manylinux2014_x86_64' });
    await assert.rejects(setUp({ wheel }), { code: 'tensorflow-file-wrong', message: /the Python cp312/ });
    assertNothingLeft();
  });

  test('from a wheel that holds none of the libraries', async () => {
    const wheel = wheelFile(usual);
    await assert.rejects(setUp({ wheel }), { code: 'tensorflow-file-wrong', message: /cannot be unpacked/ });
    assertNothingLeft();
  });

  test('from a wheel that was not copied to its end', async () => {
    const wheel = path.join(scratch, usual);
    writeFileSync(wheel, 'PK\x03\x04');
    await assert.rejects(setUp({ wheel }), { code: 'tensorflow-file-wrong', message: /not copied to its end/ });
    assertNothingLeft();
  });

  test('from an index that does not have it', async () => {
    onlyIndex((place) => wheelFile('tensorflow_cpu-2.16.1-cp311-cp311-manylinux2014_x86_64.whl', {}, place));
    const failure = { code: 'tensorflow-not-offered', message: /tensorflow_cpu==2\.15\.1/, hint: /pip config list/ };
    await assert.rejects(setUp(), failure);
    assertNothingLeft();
  });

  test('what pip fetched is checked as well, and nothing of pip is left either', async () => {
    onlyIndex((place) => wheelFile(usual, {}, place));
    const steps: string[] = [];
    const onNews = (news: SetUpNews): void => {
      if (news.type === 'step') steps.push(news.step);
    };
    await assert.rejects(setUp({ onNews }), { code: 'tensorflow-file-wrong', message: /cannot be unpacked/ });
    assert.deepEqual(steps, ['Fetching TensorFlow 2.15.1 (207 MB)', 'Unpacking TensorFlow']);
    assertNothingLeft();
  });

  test('without npm, when nothing has been fetched yet', async () => {
    onlyPrograms({ 'g++': real('g++'), python3: realPython() });
    await assert.rejects(setUp(), { code: 'tensorflow-no-npm', hint: /--package FILE/ });
  });

  test('with a Node that has no headers, npm is asked for before anything is fetched, or the headers are given', async () => {
    onlyPrograms({ 'g++': real('g++'), python3: realPython() });
    const file = path.join(scratch, 'package.tgz');
    writeFileSync(file, 'something else');
    const node = process.execPath;
    process.execPath = path.join(scratch, 'bin', 'node');
    try {
      const failure = { code: 'tensorflow-no-npm', message: /node-api-headers@1\.5\.0/, hint: /--headers FILE/ };
      await assert.rejects(setUp({ package: file }), failure);
      await assert.rejects(setUp({ package: file, headers: file }), { code: 'tensorflow-file-wrong' });
      mkdirSync(path.join(scratch, 'include', 'node'), { recursive: true });
      writeFileSync(path.join(scratch, 'include', 'node', 'node_api.h'), '');
      await assert.rejects(setUp({ package: file }), { code: 'tensorflow-file-wrong' });
    } finally {
      process.execPath = node;
    }
  });

  test('for a graphics card where there is no driver of one', { skip: existsSync('/dev/nvidiactl') }, async () => {
    await assert.rejects(setUp({ variant: 'gpu' }), { code: 'tensorflow-no-graphics', message: /no NVIDIA driver/ });
  });

  test('where the disk is too small', async (t) => {
    const disk = smallDisk();
    if (disk === undefined) {
      t.skip('needs the right to mount a small disk');
      return;
    }
    try {
      folder = path.join(disk, 'cache', 'tensorflow');
      const message = /needs 950 MB of free disk space, and there are 2\.10 MB/;
      await assert.rejects(setUp(), { code: 'tensorflow-needs-space', message, hint: /XDG_CACHE_HOME/ });
      assert.deepEqual(readdirSync(disk), []);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('from another package', async () => {
    const wheel = path.join(scratch, usual);
    const other = path.join(scratch, 'tensorflow-tfjs-node-gpu-4.22.0.tgz');
    for (const file of [wheel, other]) writeFileSync(file, 'something else');
    await assert.rejects(setUp({ wheel, package: other }), { code: 'tensorflow-file-wrong', message: /checksum/ });
  });

  test('a stop leaves nothing behind', async () => {
    const controller = new AbortController();
    const ended = await setUp({ signal: controller.signal, onNews: () => controller.abort() });
    assert.deepEqual(ended, { outcome: 'cancelled' });
    assertNothingLeft();
  });

  test('what it costs and what is missing is said beforehand', async () => {
    onlyPrograms({});
    const { set_up, offers } = await describeTensorflow(folder);
    assert.equal(set_up, null);
    assert.deepEqual(
      offers.map(({ variant, download_bytes }) => [variant, download_bytes]),
      [
        ['cpu', 207_208_420],
        ['gpu', 2_100_000_000],
      ],
    );
    for (const { hindrance } of offers) assert.match(hindrance!, /No C\+\+ compiler .* was found.* Install it/);
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

  test('a set-up that was killed between its last two steps counts', async () => {
    const ended = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
    const id = randomUUID();
    for (const [stage, variant] of [
      ['replaced', 'cpu'],
      ['writing', 'gpu'],
    ]) {
      const made = path.join(scratch, 'cache', `.tensorflow.${stage}.${ended}.${id}`);
      mkdirSync(made, { recursive: true });
      writeFileSync(path.join(made, 'tfjs_binding.node'), '');
      writeFileSync(path.join(made, 'setup.json'), JSON.stringify({ variant }));
    }
    assert.equal(await builtVariant(folder), 'gpu');
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
