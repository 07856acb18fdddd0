import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { listRuns, RunFolder } from '../../../src/engine/checkpoint/runFolder';
import type { Decided } from '../../../src/engine/checkpoint/runFolder';
import { temporaryFolder } from '../../tiny/recipe';
import { failsWith } from '../formats/scratch';

const decided: Decided = {
  max_length: 32,
  rows_per_epoch: 8,
  steps_per_epoch: 4,
  recomputation: 'cheap',
  threads: 2,
  dataset_bytes: 100,
  dataset_sha256: 'abc',
  dataset_sample_sha256: null,
  base_model: 'def',
};

function create(recipe: string, name = 'tiny', output = outputOf(recipe, name)): Promise<RunFolder> {
  return RunFolder.create(recipe, '{}', output, { name, total_steps: 4, decided });
}

function resume(recipe: string, run: string, name = 'tiny'): Promise<RunFolder> {
  return RunFolder.resume(recipe, run, outputOf(recipe, name));
}

function outputOf(recipe: string, name: string): string {
  return path.join(path.dirname(recipe), 'adapters', name);
}

async function recipeIn(t: TestContext): Promise<string> {
  return path.join(await temporaryFolder(t), 'tiny.lora.json');
}

describe('the folder of a run', () => {
  test('lies beside the recipe and holds the recipe as it was', async (t) => {
    const recipe = await recipeIn(t);
    const run = await create(recipe);
    assert.equal(path.dirname(run.path), path.join(path.dirname(recipe), '.lora', 'runs'));
    assert.match(run.id, /^tiny-\d{8}-\d{6}$/);
    assert.equal(await run.recipeText(), '{}');
    await run.close();
    const again = await resume(recipe, run.id);
    assert.deepEqual([again.path, again.record], [run.path, run.record]);
    assert.deepEqual(again.record.decided, decided);
    await again.close();
  });

  test('has a name of its own, also within one second', async (t) => {
    const recipe = await recipeIn(t);
    const runs = await Promise.all(['a', 'b', 'c'].map((output) => create(recipe, 'tiny', outputOf(recipe, output))));
    assert.equal(new Set(runs.map(({ id }) => id)).size, 3);
    for (const run of runs) await run.close();
  });

  test('has a name that every file system takes', async (t) => {
    const run = await create(await recipeIn(t), 'Größe: “42”/7');
    assert.match(run.id, /^[\w.-]+$/);
    await run.close();
  });

  test('belongs to one process at a time', async (t) => {
    const recipe = await recipeIn(t);
    const run = await create(recipe);
    const { message } = await failsWith('run-is-active', resume(recipe, run.id));
    assert.match(message, new RegExp(`process ${process.pid}\\b`));
    await run.close();
    await (await resume(recipe, run.id)).close();
  });

  test('keeps its output folder from every other run until it is closed', async (t) => {
    const recipe = await recipeIn(t);
    const stopped = await create(recipe);
    await stopped.close();
    const run = await create(recipe);
    await failsWith('output-in-use', create(recipe));
    await failsWith('output-in-use', resume(recipe, stopped.id));
    await run.close();
    // Who was refused holds nothing.
    await (await resume(recipe, stopped.id)).close();
    await (await resume(recipe, run.id)).close();
    assert.equal((await readdir(path.dirname(run.path))).length, 2, 'a run that is refused gets no folder');
  });

  test('keeps what it was told last', async (t) => {
    const recipe = await recipeIn(t);
    const run = await create(recipe);
    await run.update({ step: 3, loss: 1.5 });
    await run.update({ status: 'cancelled' });
    await run.close();
    const { step, loss, status } = (await resume(recipe, 'latest')).record;
    assert.deepEqual([step, loss, status], [3, 1.5, 'cancelled']);
  });

  test('cuts off the line of metrics that a kill has torn', async (t) => {
    const recipe = await recipeIn(t);
    const run = await create(recipe);
    await run.append({ type: 'checkpoint', step: 1, path: 'a' });
    await run.close();
    const metrics = path.join(run.path, 'metrics.jsonl');
    await appendFile(metrics, '{"type":"check');
    const again = await resume(recipe, 'latest');
    await again.append({ type: 'checkpoint', step: 2, path: 'b' });
    await again.close();
    assert.equal(
      await readFile(metrics, 'utf8'),
      '{"type":"checkpoint","step":1,"path":"a"}\n{"type":"checkpoint","step":2,"path":"b"}\n',
    );
  });

  test('cannot be made where a file is in the way', async (t) => {
    const recipe = await recipeIn(t);
    await writeFile(path.join(path.dirname(recipe), '.lora'), '');
    await failsWith('output-not-a-folder', create(recipe));
  });
});

describe('the latest run', () => {
  test('is that of this recipe, not of another one beside it', async (t) => {
    const recipe = await recipeIn(t);
    const other = path.join(path.dirname(recipe), 'other.lora.json');
    const own = await create(recipe);
    await own.close();
    await (await create(other, 'other')).close();
    const resumed = await resume(recipe, 'latest');
    assert.equal(resumed.id, own.id);
    await resumed.close();
  });

  test('is the one that began last', async (t) => {
    const recipe = await recipeIn(t);
    const ids = [];
    for (const started of ['2026-01-02T00:00:00.000Z', '2026-03-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']) {
      const run = await create(recipe);
      await run.update({ started });
      await run.close();
      ids.push(run.id);
    }
    const resumed = await resume(recipe, 'latest');
    assert.equal(resumed.id, ids[1]);
    await resumed.close();
  });

  test('does not exist before the first', async (t) => {
    await failsWith('no-run-to-resume', resume(await recipeIn(t), 'latest'));
  });

  test('is never a folder whose making was interrupted', async (t) => {
    const recipe = await recipeIn(t);
    await mkdir(path.join(path.dirname(recipe), '.lora', 'runs', 'tiny-20990101-000000', 'lock'), { recursive: true });
    await failsWith('no-run-to-resume', resume(recipe, 'latest'));
  });

  test('by a name that is not there is refused with the names that are', async (t) => {
    const recipe = await recipeIn(t);
    const run = await create(recipe);
    await run.close();
    const { hint } = await failsWith('unknown-run', resume(recipe, 'tiny-1'));
    assert.match(hint ?? '', new RegExp(run.id));
  });

  test('cannot be reached by a path that leads elsewhere', async (t) => {
    const recipe = await recipeIn(t);
    await (await create(recipe)).close();
    await failsWith('unknown-run', resume(recipe, '../../..'));
  });

  test('with a broken state says which file', async (t) => {
    const recipe = await recipeIn(t);
    const run = await create(recipe);
    await run.close();
    await writeFile(path.join(run.path, 'state.json'), '{');
    const { place } = await failsWith('run-state-broken', resume(recipe, run.id));
    assert.equal(place?.file, path.join(run.path, 'state.json'));
  });
});

describe('the list of runs', () => {
  test('tells what became of each', async (t) => {
    const recipe = await recipeIn(t);
    const folder = path.dirname(recipe);
    const running = await create(recipe, 'running');
    const interrupted = await create(recipe, 'interrupted');
    await mkdir(path.join(interrupted.checkpoints, 'step-3'), { recursive: true });
    await interrupted.close();
    const finished = await create(recipe, 'finished');
    await finished.update({ status: 'finished', step: 4, adapter: path.join(folder, 'adapters') });
    await finished.close();
    const seen = (await listRuns(folder)).map(({ name, status, resumable, step }) => [name, status, resumable, step]);
    assert.deepEqual(
      seen.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      [
        ['finished', 'finished', false, 4],
        ['interrupted', 'interrupted', true, 3],
        ['running', 'running', false, 0],
      ],
    );
    await running.close();
  });

  test('is empty where nothing was trained, and leaves out what is no run', async (t) => {
    const recipe = await recipeIn(t);
    assert.deepEqual(await listRuns(path.dirname(recipe)), []);
    const run = await create(recipe);
    await run.close();
    await writeFile(path.join(path.dirname(run.path), '.DS_Store'), '');
    assert.equal((await readdir(path.dirname(run.path))).length, 2);
    assert.deepEqual(
      (await listRuns(path.dirname(recipe))).map(({ run: id }) => id),
      [run.id],
    );
  });
});
