import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { isLocked, takeLock } from '../../../src/engine/checkpoint/lock';
import type { Lock } from '../../../src/engine/checkpoint/lock';
import { temporaryFolder } from '../../tiny/recipe';

async function place(t: TestContext): Promise<string> {
  return path.join(await temporaryFolder(t), 'lock');
}

async function taken(lock: string): Promise<Lock> {
  const result = await takeLock(lock);
  assert.ok('release' in result, `held by ${JSON.stringify(result)}`);
  return result;
}

/** A lock as another process would have left it. */
async function leave(lock: string, holder: object): Promise<void> {
  await mkdir(lock);
  await writeFile(path.join(lock, 'holder.json'), JSON.stringify({ host: hostname(), id: 'other', ...holder }));
}

/** A process that lives until the test ends, and one that has lived. */
async function processes(t: TestContext): Promise<{ living: number; dead: number }> {
  const living = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(() => living.kill('SIGKILL'));
  const dead = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await new Promise((resolve) => dead.once('close', resolve));
  return { living: living.pid!, dead: dead.pid! };
}

describe('the lock of a run', () => {
  test('is held until it is released', async (t) => {
    const file = await place(t);
    assert.equal(await isLocked(file), false);
    const lock = await taken(file);
    assert.equal(await isLocked(file), true);
    assert.deepEqual(await takeLock(file), { heldBy: process.pid });
    await lock.release();
    assert.equal(await isLocked(file), false);
    await (await taken(file)).release();
    assert.deepEqual(await readdir(path.dirname(file)), []);
  });

  test('of a living process is respected', async (t) => {
    const file = await place(t);
    const { living } = await processes(t);
    await leave(file, { pid: living });
    assert.deepEqual(await takeLock(file), { heldBy: living });
    assert.deepEqual(await readdir(path.dirname(file)), ['lock']);
  });

  test('of a dead process is taken over', async (t) => {
    const file = await place(t);
    const { dead } = await processes(t);
    await leave(file, { pid: dead });
    assert.equal(await isLocked(file), false);
    await taken(file);
    assert.match(await readFile(path.join(file, 'holder.json'), 'utf8'), new RegExp(`"pid":${process.pid}\\b`));
    assert.deepEqual(await readdir(path.dirname(file)), ['lock']);
  });

  test(
    'of a dead process whose number another one has now is taken over',
    { skip: process.platform === 'linux' ? false : 'only Linux tells when a process began' },
    async (t) => {
      const file = await place(t);
      const { living } = await processes(t);
      await leave(file, { pid: living, began: '1' });
      await taken(file);
    },
  );

  test(
    'of a process that has ended, but whose parent does not ask, is taken over',
    { skip: process.platform === 'linux' ? false : 'only Linux tells' },
    async (t) => {
      const file = await place(t);
      // A shell that starts a process, becomes another program and never asks for the process's end.
      const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      t.after(() => parent.kill('SIGKILL'));
      const [zombie] = (await once(parent.stdout, 'data')) as [Buffer];
      await leave(file, { pid: Number(zombie.toString()) });
      while (await isLocked(file)) await new Promise((resolve) => setImmediate(resolve));
      await taken(file);
    },
  );

  test('of another machine is respected: nobody can know', async (t) => {
    const file = await place(t);
    const { dead } = await processes(t);
    await leave(file, { pid: dead, host: `not-${hostname()}` });
    assert.deepEqual(await takeLock(file), { heldBy: dead, on: `not-${hostname()}` });
  });

  test('that cannot be read is nobody’s', async (t) => {
    const file = await place(t);
    await mkdir(file);
    await writeFile(path.join(file, 'holder.json'), '{"pid":');
    await taken(file);
  });

  test('goes to one of many that want it at once, also from a dead process', async (t) => {
    const file = await place(t);
    const { dead } = await processes(t);
    for (let round = 0; round < 20; round++) {
      await leave(file, { pid: dead });
      const results = await Promise.all(Array.from({ length: 8 }, () => takeLock(file)));
      const locks = results.filter((result): result is Lock => 'release' in result);
      assert.equal(locks.length, 1);
      await locks[0]!.release();
    }
    assert.deepEqual(await readdir(path.dirname(file)), []);
  });

  test('that was taken over is not released by who had it', async (t) => {
    const file = await place(t);
    const lock = await taken(file);
    await writeFile(
      path.join(file, 'holder.json'),
      JSON.stringify({ pid: process.pid, host: hostname(), id: 'other' }),
    );
    await lock.release();
    assert.equal(await isLocked(file), true);
  });
});
