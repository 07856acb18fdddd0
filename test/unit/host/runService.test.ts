import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { startEngine } from '../../../src/host/engine/engineClient';
import type { Job, JobPhase } from '../../../src/host/runs/job';
import { readRun, readState, runSince } from '../../../src/host/runs/runFiles';
import { askToEnd, isTraining } from '../../../src/host/runs/runLock';
import { RunService } from '../../../src/host/runs/runService';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { runFolders } from './runFolders';

const numbers = path.resolve('examples/numbers');

type Awaitable = readonly string[] | Promise<readonly string[]>;

/** The bundled example in a folder of its own, and a service that trains it with real engine processes. */
function workshop(t: TestContext, simultaneousRuns = 1, settings: Awaitable = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-host-'));
  for (const part of ['model', 'data.jsonl', 'count-by-ten.lora.json']) {
    cpSync(path.join(numbers, part), path.join(folder, part), { recursive: true });
  }
  const service = new RunService({
    startEngine: () =>
      Promise.resolve(startEngine({ engineFile: path.resolve('dist/engine.js'), log: () => undefined })),
    runFolders: () => Promise.resolve(runFolders(folder)),
    settingsOf: () => Promise.resolve(settings),
    simultaneousRuns: () => simultaneousRuns,
  });
  t.after(async () => {
    await service.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, service, recipeFile: path.join(folder, 'count-by-ten.lora.json') };
}

/** Resolves when the job is as wanted. */
function when(service: RunService, job: Job, isThere: (job: Job) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const subscription = service.onDidChangeJob((changed) => {
      if (changed !== job || !isThere(changed)) return;
      subscription.dispose();
      resolve();
    });
  });
}

const short = (steps: number): readonly string[] => [`training.max_steps=${steps}`];

describe('a run', () => {
  test('is shown from its first event to its adapter', async (t) => {
    const { service, recipeFile, folder } = workshop(t);
    const heard: TrainingEvent['type'][] = [];
    const phases: JobPhase[] = [];
    service.onDidChange((_, events) => heard.push(...events.map(({ type }) => type)));
    service.onDidChangeJob(({ phase }) => phases.at(-1) === phase || phases.push(phase));

    const job = service.train({ recipeFile, overrides: short(12) });
    assert.deepEqual(await job.end, { kind: 'finished' });

    assert.deepEqual(phases, ['waiting', 'preparing', 'running', 'over']);
    assert.equal(heard.filter((type) => type === 'step').length, 12);
    assert.deepEqual([heard[0], heard.at(-1)], ['plan', 'finished']);
    assert.equal(job.state.finished?.adapter, path.join(folder, 'adapters', 'count-by-ten'));
    assert.ok(job.folder !== null && service.state(job.folder) === job.state);
    assert.deepEqual(service.jobs, []);
  });

  test('trains as the settings say, and goes on so without them; what is asked for counts more', async (t) => {
    const { service, recipeFile } = workshop(t, 1, ['engine.device=cpu', 'training.max_steps=2']);
    const job = service.train({ recipeFile, overrides: short(3) });
    await job.end;
    assert.equal(job.state.plan?.compute.device_reason, 'It is asked for by name.');
    assert.equal(job.state.steps.length, 3);
    const resume = path.basename(job.folder!);
    const further = service.train({ recipeFile, resume, overrides: short(5) });
    assert.deepEqual(await further.end, { kind: 'finished' });
    assert.equal(further.state.step, 5);
  });

  test('is the same when it is read from its folder', async (t) => {
    const { service, recipeFile } = workshop(t);
    const job = service.train({ recipeFile, overrides: short(5) });
    await job.end;
    assert.deepEqual(await readState(job.folder!), job.state);
  });

  test('waits until the one before is over', async (t) => {
    const { service, recipeFile } = workshop(t);
    const first = service.train({ recipeFile, overrides: short(3) });
    const second = service.train({ recipeFile, overrides: short(2) });
    assert.deepEqual([first.phase, second.phase], ['preparing', 'waiting']);
    await first.end;
    assert.equal(second.phase, 'preparing');
    assert.deepEqual(await second.end, { kind: 'finished' });
    assert.equal((await service.runs()).length, 2);
  });

  test('that waits is forgotten when it is stopped', async (t) => {
    const { service, recipeFile } = workshop(t);
    const first = service.train({ recipeFile, overrides: short(3) });
    const second = service.train({ recipeFile, overrides: short(2) });
    await service.cancel(second);
    assert.deepEqual(await second.end, { kind: 'cancelled' });
    await first.end;
    assert.equal((await service.runs()).length, 1);
  });

  test('does not wait where two may train', async (t) => {
    const { service, recipeFile } = workshop(t, 2);
    const jobs = [1, 2].map(() => service.train({ recipeFile, overrides: short(2) }));
    assert.deepEqual(
      jobs.map(({ phase }) => phase),
      ['preparing', 'preparing'],
    );
    await Promise.all(jobs.map(({ end }) => end));
  });
});

describe('stopping', () => {
  test('keeps a checkpoint, and resuming goes on from it with the points of before', async (t) => {
    const { service, recipeFile } = workshop(t);
    const job = service.train({ recipeFile });
    await when(service, job, ({ state }) => state.step >= 3);
    await service.cancel(job);
    assert.deepEqual(await job.end, { kind: 'cancelled' });
    const stopped = job.state.step;
    const folder = job.folder!;
    assert.ok(stopped < 150 && existsSync(job.state.cancelled!.checkpoint!));
    assert.equal((await readRun(folder))?.resumable, true);

    const resumed = (await service.continueRun(folder))!;
    assert.equal(resumed.folder, folder);
    assert.equal(resumed.state.steps.length, stopped);
    assert.deepEqual(await resumed.end, { kind: 'finished' });
    assert.deepEqual(
      resumed.state.steps.map(({ step }) => step),
      Array.from({ length: 150 }, (_, at) => at + 1),
    );
    assert.equal(await service.continueRun(folder), undefined, 'a finished run does not go on');
  });

  test('is not lost while the settings are read', async (t) => {
    let read = (): void => undefined;
    const settings = new Promise<readonly string[]>((resolve) => (read = () => resolve([])));
    const { service, recipeFile } = workshop(t, 1, settings);
    const job = service.train({ recipeFile, overrides: short(2) });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopping = service.cancel(job);
    read();
    await stopping;
    assert.deepEqual(await job.end, { kind: 'cancelled' });
    assert.equal(job.state.step, 0);
  });

  test('works before the first step', async (t) => {
    const { service, recipeFile } = workshop(t);
    const job = service.train({ recipeFile });
    await service.cancel(job);
    assert.deepEqual(await job.end, { kind: 'cancelled' });
    assert.deepEqual(service.jobs, []);
  });
});

test('a paused run does no step until it is resumed', async (t) => {
  const { service, recipeFile } = workshop(t);
  const job = service.train({ recipeFile });
  await when(service, job, ({ phase }) => phase === 'running');
  service.pause(job.folder!);
  await when(service, job, ({ phase }) => phase === 'paused');
  assert.equal(job.state.status, 'paused');
  const { step } = job.state;
  const [summary] = await service.runs();
  assert.deepEqual([summary?.status, summary?.step], ['running', step]);
  service.resume(job.folder!);
  assert.deepEqual(await job.end, { kind: 'finished' });
  assert.equal(job.state.steps.length, 150);
});

test('a run whose engine is killed can be resumed and keeps its last words', async (t) => {
  const { service, recipeFile } = workshop(t);
  const job = service.train({ recipeFile });
  await when(service, job, ({ state }) => state.step >= 2);
  const folder = job.folder!;
  assert.equal(await isTraining(folder), true);
  const holder = JSON.parse(readFileSync(path.join(folder, 'lock', 'holder.json'), 'utf8')) as { pid: number };
  process.kill(holder.pid, 'SIGKILL');
  const end = await job.end;
  assert.equal(end.kind, 'crashed');
  assert.equal(job.state.error?.code, 'engine-ended');
  assert.equal(await isTraining(folder), false);
  const run = await readRun(folder);
  assert.deepEqual([run?.status, run?.resumable], ['interrupted', true]);
  const resumed = await service.continueRun(folder);
  assert.deepEqual(await resumed?.end, { kind: 'finished' });
});

test('a run that is asked to end from outside keeps a checkpoint, and another window goes on with it', async (t) => {
  const { service, recipeFile } = workshop(t);
  const job = service.train({ recipeFile });
  await when(service, job, ({ state }) => state.step >= 2);
  const folder = job.folder!;
  await askToEnd(folder);
  assert.deepEqual(await job.end, { kind: 'cancelled' });
  assert.equal(await isTraining(folder), false);
  const stopped = job.state.step;
  assert.ok(existsSync(path.join(folder, 'checkpoints', `step-${stopped}`)));
  const resumed = await service.continueRun(folder);
  assert.deepEqual(await resumed?.end, { kind: 'finished' });
  await askToEnd(folder);
  assert.equal(resumed?.state.step, 150, 'who is asked though nothing runs does nothing');
});

test('a run is found by its recipe and the time of the request', async (t) => {
  const { service, recipeFile } = workshop(t);
  const asked = new Date().toISOString();
  assert.equal(await runSince(recipeFile, asked), undefined);
  const first = service.train({ recipeFile, overrides: short(2) });
  await service.train({ recipeFile, overrides: short(2) }).end;
  assert.equal((await runSince(recipeFile, asked))?.folder, first.folder);
  assert.equal(await runSince(recipeFile, new Date().toISOString()), undefined);
  assert.equal(await runSince(path.join(path.dirname(recipeFile), 'other.lora.json'), asked), undefined);
});

test('a recipe that cannot be trained ends with its failure and without a run', async (t) => {
  const { service, recipeFile } = workshop(t);
  writeFileSync(recipeFile, '{ "base_model": "model" }');
  const job = service.train({ recipeFile });
  const end = await job.end;
  assert.equal(end.kind === 'failed' && end.failure.code, 'missing-key');
  assert.equal(job.folder, null);
  assert.equal(job.state.status, 'failed');
});

test('closing the window ends what trains and keeps a checkpoint', async (t) => {
  const { service, recipeFile } = workshop(t);
  const job = service.train({ recipeFile });
  const waiting = service.train({ recipeFile });
  await when(service, job, ({ state }) => state.step >= 2);
  await service.dispose();
  assert.deepEqual(
    (await Promise.all([job.end, waiting.end])).map(({ kind }) => kind),
    ['cancelled', 'cancelled'],
  );
  const run = await readRun(job.folder!);
  assert.deepEqual([run?.status, run?.resumable], ['cancelled', true]);
  assert.deepEqual(await service.train({ recipeFile }).end, { kind: 'cancelled' }, 'nothing starts any more');
});
