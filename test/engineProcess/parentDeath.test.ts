import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { listRuns } from '../../src/engine/checkpoint/runFolder';
import { startEngine } from '../../src/host/engine/engineClient';
import { gone } from '../alive';
import { temporaryFolder, writeTinyProject } from '../tiny/recipe';
import { TestEngine, blockWhen, disturbed, engineFile } from './engine';

/** Set where this file runs as the parent that is about to die. */
const recipeOfParent = process.env['LORA_TEST_PARENT'];

/** Seconds after the parent's death. */
const limit = 5;

if (recipeOfParent === undefined) {
  describe('when its parent is killed, an engine', () => {
    test('ends its step, keeps a checkpoint and is gone', async (t) => {
      const folder = await temporaryFolder(t);
      const { recipe } = await writeTinyProject(folder, { training: { max_steps: 100_000 } });
      const parent = startParent(recipe);
      const pid = await parent.engine;
      await parent.trains;
      parent.kill();
      await goneInTime(pid);
      const [summary] = await listRuns(folder);
      assert.deepEqual([summary?.status, summary?.resumable], ['cancelled', true]);
      const overrides = [`training.max_steps=${summary!.step + 2}`];
      const next = new TestEngine(t).train({ recipeFile: recipe, resume: 'latest', overrides });
      assert.equal(await next.done, 'finished');
    });

    test('is gone even while a step holds its thread', async (t) => {
      const folder = await temporaryFolder(t);
      const { recipe } = await writeTinyProject(folder, { training: { max_steps: 100_000, save_steps: 1 } });
      const flag = path.join(folder, 'block');
      const parent = startParent(recipe, disturbed(folder, blockWhen(flag)));
      const pid = await parent.engine;
      await parent.trains;
      await writeFile(flag, '');
      await parent.blocked;
      parent.kill();
      await goneInTime(pid);
      const [summary] = await listRuns(folder);
      assert.deepEqual([summary?.status, summary?.resumable], ['interrupted', true]);
      const overrides = [`training.max_steps=${summary!.step + 2}`];
      const next = new TestEngine(t).train({ recipeFile: recipe, resume: 'latest', overrides });
      assert.equal(await next.done, 'finished');
    });

    test('that has nothing to do is gone', async () => {
      const parent = startParent('');
      const pid = await parent.engine;
      parent.kill();
      await goneInTime(pid);
    });
  });
} else {
  const engine = startEngine({
    engineFile,
    log: (line) => console.log(line),
    environment: { NODE_OPTIONS: process.env['LORA_TEST_ENGINE_OPTIONS'] ?? '' },
  });
  if (recipeOfParent !== '') {
    const { done } = engine.train({ recipeFile: recipeOfParent }, ({ type }) => console.log(type));
    done.catch((error: unknown) => console.log(String(error)));
  }
}

interface Parent {
  /** Process id of its engine. */
  readonly engine: Promise<number>;
  readonly trains: Promise<unknown>;
  readonly blocked: Promise<unknown>;
  kill(): void;
}

/** A small process that starts an engine through the client, as the editor does. */
function startParent(recipe: string, { NODE_OPTIONS = '' }: Readonly<Record<string, string>> = {}): Parent {
  const parent = spawn(process.execPath, [__filename], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LORA_TEST_PARENT: recipe, LORA_TEST_ENGINE_OPTIONS: NODE_OPTIONS },
  });
  const lines = createInterface({ input: parent.stdout });
  const line = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve) => {
      lines.on('line', (text) => {
        const found = pattern.exec(text);
        if (found !== null) resolve(found);
      });
    });
  return {
    engine: line(/^Engine process (\d+) /).then(([, pid]) => Number(pid)),
    trains: line(/^(step|checkpoint)$/),
    blocked: line(/^blocked$/),
    kill: () => parent.kill('SIGKILL'),
  };
}

async function goneInTime(pid: number): Promise<void> {
  try {
    await gone([pid], 1000 * limit);
  } catch {
    process.kill(pid, 'SIGKILL');
    assert.fail(`The engine outlived its parent by ${limit} s`);
  }
}
