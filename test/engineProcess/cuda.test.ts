import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { SetUpNews } from '../../src/run/setUp';
import { TestEngine } from './engine';
import { processesAbout, silentIndex, until } from './settingUp';

const canSetUp = ((): boolean => {
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' });
    return process.platform === 'linux' && process.arch === 'x64';
  } catch {
    return false;
  }
})();
const skip = canSetUp ? false : 'needs Linux on x64 with python3 and pip';

/** An index for pip that never answers, and what stands in for the program of NVIDIA's driver. */
async function start(t: TestContext): Promise<{ cache: string; environment: Record<string, string> }> {
  const { cache, environment } = await silentIndex(t);
  const driver = path.join(cache, 'driver');
  await mkdir(driver);
  await writeFile(path.join(driver, 'nvidia-smi'), "#!/bin/sh\necho '580.95.05, 9.0, NVIDIA H200'\n");
  await chmod(path.join(driver, 'nvidia-smi'), 0o755);
  return { cache, environment: { ...environment, PATH: `${driver}:${process.env['PATH']}` } };
}

/** What lies in the program's part of the cache folder. */
function kept(cache: string): Promise<readonly string[]> {
  return readdir(path.join(cache, 'lora-workbench'));
}

describe('an engine process', { skip }, () => {
  test('tells what CUDA would take, is stopped in the middle of setting it up, and leaves nothing', async (t) => {
    const { cache, environment } = await start(t);
    const { cuda } = new TestEngine(t, { environment }).client.setUps;
    const state = await cuda.state();
    assert.deepEqual([state.set_up, state.hindrance], [null, null]);
    assert.equal(state.folder, path.join(cache, 'lora-workbench', 'cuda'));
    const stop = new AbortController();
    const news: SetUpNews[] = [];
    const ended = cuda.setUp({ wheel: null }, (each) => news.push(each), stop.signal);
    await until(
      () => processesAbout(path.join(cache, 'lora-workbench')),
      (found) => found.length > 0,
    );
    stop.abort();
    assert.deepEqual(await ended, { outcome: 'cancelled' });
    assert.equal(news[0]?.type, 'step');
    assert.deepEqual(await kept(cache), []);
    assert.equal(await cuda.remove(), false);
  });
});

describe('a killed `lora setup cuda`', { skip }, () => {
  test('leaves no process behind, and its half goes with what is done next', async (t) => {
    const { cache, environment } = await start(t);
    const lora = spawn(process.execPath, ['dist/cli.js', 'setup', 'cuda'], {
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
    const over = new Promise((resolve) => lora.once('close', resolve));
    await until(
      () => processesAbout(path.join(cache, 'lora-workbench')),
      (found) => found.length >= 2,
    );
    lora.kill('SIGKILL');
    await over;
    await until(
      () => processesAbout(path.join(cache, 'lora-workbench')),
      (found) => found.length === 0,
    );
    const { cuda } = new TestEngine(t, { environment }).client.setUps;
    assert.equal(await cuda.remove(), false);
    assert.deepEqual(await kept(cache), []);
  });
});
