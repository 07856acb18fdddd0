import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { listRuns } from '../../src/engine/checkpoint/runFolder';
import { jsonLines, temporaryFolder, tinyRows, writeTinyProject } from '../tiny/recipe';
import { TestEngine, blockWhen, disturbed, once } from './engine';
import type { WatchedRun } from './engine';

const endless = { training: { max_steps: 100_000 } };

describe('a run that is stopped', () => {
  test('ends within a step and keeps a checkpoint', async (t) => {
    const folder = await temporaryFolder(t);
    // Steps of hundreds of micro-batches: long enough that none passes unseen.
    const project = await writeTinyProject(folder, {
      training: { max_steps: 100, gradient_accumulation_steps: 200 },
    });
    await writeFile(project.data, jsonLines(tinyRows(800)));
    let stopped: Promise<void> | undefined;
    const run = new TestEngine(t).train(
      { recipeFile: project.recipe },
      once('step', (started) => {
        stopped = started.stop();
      }),
    );
    assert.equal(await run.done, 'cancelled');
    await stopped;
    const last = run.events.at(-1)!;
    assert.equal(last.type, 'cancelled');
    assert.ok(last.step <= 2, `stopped after step ${last.step}`);
    assert.equal(path.basename(last.checkpoint ?? ''), `step-${last.step}`);
    const [summary] = await listRuns(folder);
    assert.deepEqual([summary?.status, summary?.resumable, summary?.step], ['cancelled', true, last.step]);
  });

  test('before its first step can be resumed too', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder);
    const engine = new TestEngine(t);
    const run = engine.train({ recipeFile: recipe });
    await run.stop();
    assert.equal(await run.done, 'cancelled');
    assert.equal(run.events.at(-1)?.type, 'cancelled');
    assert.equal(await engine.train({ recipeFile: recipe, resume: 'latest' }).done, 'finished');
  });

  test('is ended by force when it does not heed the cancellation, and can be resumed', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder, { training: { max_steps: 100_000, save_steps: 1 } });
    const flag = path.join(folder, 'block');
    const engine = new TestEngine(t, {
      environment: disturbed(folder, blockWhen(flag)),
      stopTimes: { cancel: 200, terminate: 200 },
    });
    const run = engine.train(
      { recipeFile: recipe },
      once('checkpoint', () => void writeFile(flag, '')),
    );
    await engine.line(/^blocked$/);
    await run.stop();
    assert.equal(await run.done, 'cancelled');
    assert.deepEqual(engine.lines.slice(-2), [
      'warning: The engine has not stopped after 0.2 s: SIGTERM.',
      'warning: Nor after another 0.2 s: SIGKILL.',
    ]);
    const [summary] = await listRuns(folder);
    assert.deepEqual([summary?.status, summary?.resumable], ['interrupted', true]);
  });

  test('stays as it ended when it is stopped afterwards', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t));
    const run = new TestEngine(t).train({ recipeFile: recipe });
    assert.equal(await run.done, 'finished');
    await run.stop();
    assert.equal(run.events.at(-1)?.type, 'finished');
  });

  test('by the end of its client keeps a checkpoint as well', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder, endless);
    const engine = new TestEngine(t);
    const run = engine.train(
      { recipeFile: recipe },
      once('step', () => void engine.client.dispose()),
    );
    assert.equal(await run.done, 'cancelled');
    await engine.client.dispose();
    assert.equal(run.events.at(-1)?.type, 'cancelled');
    assert.equal(engine.lines.length, 1);
  });
});

describe('a run that is paused', () => {
  const training = { training: { max_steps: 60, save_steps: 20 }, lora: { lora_dropout: 0.1 } };

  test('waits after a step with a checkpoint, and goes on to the very same adapter', async (t) => {
    const [held, free] = [await project(), await project()];
    const run = new TestEngine(t).train({ recipeFile: held.recipe }, (event, active) => {
      if (event.type === 'step' && event.step === 1) void active.pause();
      if (event.type === 'paused') void active.resume();
    });
    const other = new TestEngine(t).train({ recipeFile: free.recipe });
    assert.deepEqual(await Promise.all([run.done, other.done]), ['finished', 'finished']);
    const at = run.events.findIndex(({ type }) => type === 'paused');
    const [saved, paused, next] = run.events.slice(at - 1, at + 2);
    assert.ok(saved?.type === 'checkpoint' && paused?.type === 'paused' && next?.type === 'step');
    assert.deepEqual([saved.step, next.step], [paused.step, paused.step + 1]);
    assert.deepEqual(losses(run), losses(other));
    const files = [held, free].map(({ output }) => readFile(path.join(output, 'adapter_model.safetensors')));
    const [first, second] = await Promise.all(files);
    assert.deepEqual(first, second);

    async function project(): ReturnType<typeof writeTinyProject> {
      return writeTinyProject(await temporaryFolder(t), training);
    }
  });

  test('before its first step says so at step 0', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t));
    const run = new TestEngine(t).train(
      { recipeFile: recipe },
      once('paused', (paused) => void paused.resume()),
    );
    await run.pause();
    assert.equal(await run.done, 'finished');
    assert.deepEqual(
      run.events.flatMap((event) => (event.type === 'paused' ? [event.step] : [])),
      [0],
    );
  });

  test('can be cancelled, and leaves the checkpoint of its step', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder, endless);
    const run = new TestEngine(t).train({ recipeFile: recipe }, (event, active) => {
      if (event.type === 'step' && event.step === 1) void active.pause();
      if (event.type === 'paused') void active.stop();
    });
    assert.equal(await run.done, 'cancelled');
    const [paused, cancelled] = run.events.slice(-2);
    assert.ok(paused?.type === 'paused' && cancelled?.type === 'cancelled');
    assert.equal(cancelled.step, paused.step);
    const [summary] = await listRuns(folder);
    assert.deepEqual([summary?.status, summary?.step], ['cancelled', paused.step]);
  });

  test('holds no other run of its engine', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t));
    const engine = new TestEngine(t);
    const first = engine.train({ recipeFile: recipe });
    await first.done;
    const second = engine.train({ recipeFile: recipe });
    await first.pause();
    assert.equal(await second.done, 'finished');
    assert.ok(second.events.every(({ type }) => type !== 'paused'));
  });
});

function losses({ events }: WatchedRun): readonly number[] {
  return events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
}
