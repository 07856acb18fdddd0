import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { recoverFolder, replaceFolderAtomically, writeFileAtomically } from '../../../src/engine/formats/atomicFile';
import { scratchFolder } from './scratch';

// This file is also the program that gets killed: started with these variables it writes instead of testing.
const workFolder = process.env['ATOMIC_KILL_FOLDER'];
const fatalCall = Number(process.env['ATOMIC_KILL_CALL'] ?? 0);

const files = ['a', 'b', path.join('inner', 'c')];

/** Replaces the folder `out` and the file `state` by version `version`; every file of a version says its number. */
async function writeVersion(folder: string, version: number): Promise<void> {
  await replaceFolderAtomically(path.join(folder, 'out'), async (temporary) => {
    await fs.mkdir(path.join(temporary, 'inner'));
    for (const name of files) await fs.writeFile(path.join(temporary, name), `${version}\n`.repeat(5000));
  });
  await writeFileAtomically(path.join(folder, 'state'), `${version}\n`.repeat(5000));
}

/** The version that the whole folder and the whole file have; fails if any of them is a mixture. */
async function versionsOf(folder: string): Promise<{ out: number; state: number }> {
  const version = async (file: string): Promise<number> => {
    const lines = (await fs.readFile(file, 'utf8')).split('\n');
    assert.equal(lines.length, 5001, `${file} is cut off`);
    assert.equal(new Set(lines.slice(0, -1)).size, 1, `${file} is a mixture`);
    return Number(lines[0]);
  };
  const versions = await Promise.all(files.map((name) => version(path.join(folder, 'out', name))));
  assert.equal(new Set(versions).size, 1, `the folder is a mixture of the versions ${versions.join(', ')}`);
  return { out: versions[0]!, state: await version(path.join(folder, 'state')) };
}

type AnyCall = (...values: unknown[]) => Promise<unknown>;
const watchedCalls = ['mkdir', 'open', 'readdir', 'realpath', 'rename', 'rm', 'stat', 'writeFile'] as const;

/** Runs `before` ahead of each file system call; returns how to undo it. */
function watchCalls(before: (call: number) => void): () => void {
  let calls = 0;
  const originals = watchedCalls.map((name) => [name, fs[name]] as const);
  for (const [name, original] of originals) {
    const watched: AnyCall = async (...values) => {
      before(++calls);
      return (original as AnyCall)(...values);
    };
    Object.assign(fs, { [name]: watched });
  }
  return () => Object.assign(fs, Object.fromEntries(originals));
}

async function childMain(folder: string): Promise<void> {
  if (fatalCall > 0) {
    watchCalls((call) => {
      if (call === fatalCall) process.kill(process.pid, 'SIGKILL');
    });
    await writeVersion(folder, 2);
    return;
  }
  for (let version = 2; ; version++) {
    await writeVersion(folder, version);
    console.log(version);
  }
}

function startChild(folder: string, call: number): ReturnType<typeof spawn> {
  const environment: NodeJS.ProcessEnv = { ...process.env, ATOMIC_KILL_FOLDER: folder, ATOMIC_KILL_CALL: String(call) };
  delete environment['NODE_TEST_CONTEXT'];
  return spawn(process.execPath, [__filename], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
}

function parentTests(): void {
  describe('a process killed while it writes', { skip: process.platform === 'win32' ? 'needs SIGKILL' : false }, () => {
    test('at every single file system call leaves the old state or the new one', async (t) => {
      let survived = false;
      const seen = new Set<string>();
      for (let call = 1; !survived; call++) {
        const folder = await scratchFolder(t);
        await writeVersion(folder, 1);
        const child = startChild(folder, call);
        const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
        survived = signal === null;
        if (survived) assert.equal(code, 0);
        await recoverFolder(path.join(folder, 'out'));
        const { out, state } = await versionsOf(folder);
        seen.add(`${out} ${state}`);
        assert.ok(out === 2 || state === 1, 'the file was written before the folder');
        if (survived) assert.deepEqual([out, state], [2, 2]);
        // The next writer tidies up.
        await writeVersion(folder, 3);
        assert.deepEqual(await versionsOf(folder), { out: 3, state: 3 });
        assert.deepEqual((await fs.readdir(folder)).sort(), ['out', 'state'], `after a kill at call ${call}`);
      }
      assert.deepEqual([...seen].sort(), ['1 1', '2 1', '2 2']);
    });

    test('at random moments never loses a version that was finished', async (t) => {
      const folder = await scratchFolder(t);
      await writeVersion(folder, 1);
      for (let round = 0; round < 8; round++) {
        const child = startChild(folder, 0);
        const lines = createInterface({ input: child.stdout! });
        let finished = 0;
        // Killed while some later version is under way, at whatever point the machine has got to by then.
        for await (const line of lines) {
          finished = Number(line);
          if (finished === 3 + round) child.kill('SIGKILL');
        }
        await recoverFolder(path.join(folder, 'out'));
        const { out, state } = await versionsOf(folder);
        assert.ok(out >= finished && state >= finished, `${out} and ${state} after ${finished} was finished`);
      }
    });
  });

  describe('a file system call that fails', () => {
    test('at any point leaves the old state or the new one, with a clear failure', async (t) => {
      for (let fatal = 1, reached = true; reached; fatal++) {
        const folder = await scratchFolder(t);
        await writeVersion(folder, 1);
        reached = false;
        const restore = watchCalls((call) => {
          if (call !== fatal) return;
          reached = true;
          throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
        });
        const outcome: unknown = await writeVersion(folder, 2).catch((error: unknown) => error);
        restore();
        const { out, state } = await versionsOf(folder);
        if (outcome === undefined) {
          assert.deepEqual([out, state], [2, 2]);
        } else {
          assert.ok(outcome instanceof Failure);
          assert.equal(outcome.code, 'output-unwritable');
          assert.ok(out === 2 || state === 1);
        }
      }
    });
  });
}

if (workFolder === undefined) parentTests();
else void childMain(workFolder);
