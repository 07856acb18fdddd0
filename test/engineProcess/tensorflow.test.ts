import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../src/failure/failure';
import type { SetUpNews } from '../../src/run/setUp';
import { TestEngine } from './engine';
import { processesAbout, silentIndex, until } from './settingUp';

const canSetUp =
  process.platform === 'linux' && process.arch === 'x64' && works('g++') && works('python3', '-m', 'pip');
const skip = canSetUp ? false : 'needs Linux on x64 with g++, python3 and pip';
const never = new AbortController().signal;

function works(program: string, ...options: readonly string[]): boolean {
  try {
    execFileSync(program, [...options, '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A cache folder in which TensorFlow is set up, as far as its files say, and an index for pip that never answers. */
async function start(t: TestContext): Promise<{ cache: string; environment: Record<string, string> }> {
  const { cache, environment } = await silentIndex(t);
  const good = path.join(cache, 'lora-workbench', 'tensorflow');
  await mkdir(good, { recursive: true });
  await writeFile(path.join(good, 'tfjs_binding.node'), 'good');
  return { cache, environment };
}

function assertGood(cache: string): void {
  const all = path.join(cache, 'lora-workbench');
  assert.equal(readFileSync(path.join(all, 'tensorflow', 'tfjs_binding.node'), 'utf8'), 'good');
}

describe('an engine process', { skip }, () => {
  test('tells what there is of TensorFlow and what it would take', async (t) => {
    const { cache, environment } = await start(t);
    const { client } = new TestEngine(t, { environment });
    const { set_up, folder, offers } = await client.setUps.tensorflow.state();
    assert.deepEqual(set_up, { variant: 'cpu', bytes: 4 });
    assert.equal(folder, path.join(cache, 'lora-workbench', 'tensorflow'));
    assert.deepEqual(
      offers.map(({ variant }) => variant),
      ['cpu', 'gpu'],
    );
  });

  test('is stopped in the middle of a set-up: what was there stays, and nothing else', async (t) => {
    const { cache, environment } = await start(t);
    const { client } = new TestEngine(t, { environment });
    const stop = new AbortController();
    const news: SetUpNews[] = [];
    const ended = client.setUps.tensorflow.setUp(
      { variant: 'cpu', wheel: null },
      (each) => news.push(each),
      stop.signal,
    );
    await until(
      () => processesAbout(cache),
      (found) => found.length > 0,
    );
    stop.abort();
    assert.deepEqual(await ended, { outcome: 'cancelled' });
    assert.equal(news[0]?.type, 'step');
    assert.deepEqual(await readdir(path.join(cache, 'lora-workbench')), ['tensorflow']);
    assertGood(cache);
    await until(
      () => processesAbout(cache),
      (found) => found.length === 0,
    );
  });

  test('says what is wrong with a file as the command line does', async (t) => {
    const { cache, environment } = await start(t);
    const { client } = new TestEngine(t, { environment });
    const wheel = path.join(cache, 'numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl');
    await writeFile(wheel, '');
    const ended = client.setUps.tensorflow.setUp({ variant: 'cpu', wheel }, () => undefined, never);
    await assert.rejects(ended, (error) => error instanceof Failure && error.code === 'tensorflow-file-wrong');
  });

  test('removes it', async (t) => {
    const { cache, environment } = await start(t);
    const { client } = new TestEngine(t, { environment });
    assert.equal(await client.setUps.tensorflow.remove(), true);
    assert.equal(await client.setUps.tensorflow.remove(), false);
    assert.deepEqual(await readdir(path.join(cache, 'lora-workbench')), []);
  });
});

describe('a killed `lora setup tensorflow`', { skip }, () => {
  test('leaves no process behind, and what was set up before', async (t) => {
    const { cache, environment } = await start(t);
    const lora = spawn(process.execPath, ['dist/cli.js', 'setup', 'tensorflow'], {
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
    const over = new Promise((resolve) => lora.once('close', resolve));
    await until(
      () => processesAbout(cache),
      (found) => found.length >= 2,
    );
    lora.kill('SIGKILL');
    await over;
    await until(
      () => processesAbout(cache),
      (found) => found.length === 0,
    );
    assertGood(cache);
    // The half of one goes with whatever is done next.
    const { client } = new TestEngine(t, { environment });
    assert.equal(await client.setUps.tensorflow.remove(), true);
    const left = await readdir(path.join(cache, 'lora-workbench'));
    assert.deepEqual(left, []);
    assert.equal(existsSync(path.join(cache, 'lora-workbench', 'tensorflow')), false);
  });
});
