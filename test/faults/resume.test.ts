import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TrainingEvent } from '../../src/run/trainingEvent';
import { eventsOf, train } from '../tiny/lora';
import type { Trained } from '../tiny/lora';
import { writeTinyModel } from '../tiny/model';
import { jsonLines, temporaryFolder, tinyRows, writeRecipe, writeTinyProject } from '../tiny/recipe';
import type { TinyProject } from '../tiny/recipe';

/** All that makes resuming hard: dropout, packing, accumulation, several epochs, evaluation, a schedule. */
const everything = {
  lora: { lora_dropout: 0.1 },
  dataset: { packing: true, eval_split: 0.1 },
  training: {
    max_steps: 10,
    per_device_train_batch_size: 1,
    gradient_accumulation_steps: 3,
    lr_scheduler_type: 'cosine',
    eval_steps: 3,
    save_steps: 4,
  },
};

const ten = ['--set', 'training.max_steps=10'];
const five = ['--set', 'training.max_steps=5'];
const resume = ['--resume', 'latest'];

async function project(t: TestContext, changes: Parameters<typeof writeTinyProject>[1] = {}): Promise<TinyProject> {
  return writeTinyProject(await temporaryFolder(t), changes);
}

async function adapter({ output }: TinyProject): Promise<Buffer> {
  return readFile(path.join(output, 'adapter_model.safetensors'));
}

/** Kills the process with this signal at the first event that `when` accepts. */
function killing(signal: NodeJS.Signals, when: (event: TrainingEvent) => boolean) {
  let isDone = false;
  return (event: TrainingEvent, child: ChildProcess): void => {
    if (isDone || !when(event)) return;
    isDone = true;
    child.kill(signal);
  };
}

/** What a run computed, without the clock and the machine. */
function course(...parts: readonly Trained[]): readonly object[] {
  return parts
    .flatMap((part) => eventsOf(part, 'step'))
    .map(({ step, epoch, loss, learning_rate, grad_norm, num_tokens }) => ({
      ...{ step, epoch, loss, learning_rate, grad_norm, num_tokens },
    }));
}

function succeeded(trained: Trained): Trained {
  assert.equal(trained.status, 0, trained.stderr);
  return trained;
}

describe('a resumed run', { concurrency: 2 }, () => {
  test('equals the one that never stopped, bit for bit, with everything switched on', async (t) => {
    // Long enough that the signal comes before the end on any machine.
    const tiny = await project(t, {
      ...everything,
      training: { ...everything.training, max_steps: 200, eval_steps: 50 },
    });
    const whole = succeeded(await train(tiny.recipe));
    const expected = await adapter(tiny);
    const evaluated = eventsOf(whole, 'eval');
    assert.deepEqual([course(whole).length, evaluated.length], [200, 4]);
    assert.ok(eventsOf(whole, 'step').at(-1)!.epoch > 2, 'several epochs');
    await rm(tiny.output, { recursive: true });

    const stopped = await train(
      tiny.recipe,
      [],
      killing('SIGINT', (event) => event.type === 'step' && event.step === 5),
    );
    assert.equal(stopped.status, 130);
    const rest = succeeded(await train(tiny.recipe, resume));
    assert.deepEqual(course(stopped, rest), course(whole));
    assert.deepEqual([...eventsOf(stopped, 'eval'), ...eventsOf(rest, 'eval')], evaluated);
    assert.deepEqual(await adapter(tiny), expected);
  });

  test('may go on longer than planned: 5 steps and 5 more equal 10 at a constant rate', async (t) => {
    const tiny = await project(t, { lora: { lora_dropout: 0.1 } });
    succeeded(await train(tiny.recipe, ten));
    const expected = await adapter(tiny);
    await rm(tiny.output, { recursive: true });
    const first = succeeded(await train(tiny.recipe, five));
    assert.equal(course(first).length, 5);
    const rest = succeeded(await train(tiny.recipe, [...ten, ...resume]));
    assert.deepEqual(
      eventsOf(rest, 'step').map(({ step }) => step),
      [6, 7, 8, 9, 10],
    );
    assert.deepEqual(await adapter(tiny), expected);
  });

  test('killed before its first checkpoint starts at step 0', async (t) => {
    const tiny = await project(t, everything);
    succeeded(await train(tiny.recipe));
    const expected = await adapter(tiny);
    await rm(tiny.output, { recursive: true });

    const killed = await train(
      tiny.recipe,
      [],
      killing('SIGKILL', ({ type }) => type === 'started'),
    );
    assert.equal(killed.status, null);
    const whole = succeeded(await train(tiny.recipe, resume));
    assert.deepEqual(
      eventsOf(whole, 'resumed').map(({ step, checkpoint }) => ({ step, checkpoint })),
      [{ step: 0, checkpoint: null }],
    );
    assert.deepEqual(eventsOf(whole, 'started')[0]!.run, eventsOf(killed, 'started')[0]!.run);
    assert.deepEqual(await adapter(tiny), expected);
  });

  test('killed again and again at any moment ends with the same bytes', async (t) => {
    const tiny = await project(t, { ...everything, training: { ...everything.training, save_steps: 1 } });
    succeeded(await train(tiny.recipe));
    const expected = await adapter(tiny);
    await rm(tiny.output, { recursive: true });

    const moments: readonly ((event: TrainingEvent) => boolean)[] = [
      ({ type }) => type === 'plan',
      ({ type }) => type === 'step',
      (event) => event.type === 'step' && event.step >= 3,
      ({ type }) => type === 'eval',
      ({ type }) => type === 'checkpoint',
      ({ type }) => type === 'proof',
    ];
    let killed = await train(
      tiny.recipe,
      [],
      killing('SIGKILL', ({ type }) => type === 'started'),
    );
    for (const moment of moments) {
      killed = await train(tiny.recipe, resume, killing('SIGKILL', moment));
      assert.equal(killed.status, null, killed.stderr);
    }
    succeeded(await train(tiny.recipe, resume));
    assert.deepEqual(await adapter(tiny), expected);
    const runs = await readdir(path.join(tiny.folder, '.lora', 'runs'));
    assert.equal(runs.length, 2, 'one uninterrupted, one resumed');
    const metrics = await readFile(
      path.join(killed.events.length > 0 ? eventsOf(killed, 'started')[0]!.folder : '', 'metrics.jsonl'),
      'utf8',
    );
    for (const line of metrics.trimEnd().split('\n')) JSON.parse(line);
  });

  test('that had finished changes nothing and is done at once', async (t) => {
    const tiny = await project(t, everything);
    const whole = succeeded(await train(tiny.recipe));
    const before = await everyFile(tiny.folder);
    const again = succeeded(await train(tiny.recipe, resume));
    assert.deepEqual(course(again), []);
    assert.deepEqual(eventsOf(again, 'finished'), eventsOf(whole, 'finished'));
    assert.deepEqual(await everyFile(tiny.folder), before);
  });

  test('that had finished writes its adapter where the recipe wants it now', async (t) => {
    const tiny = await project(t);
    succeeded(await train(tiny.recipe));
    const expected = await adapter(tiny);
    const elsewhere = path.join(tiny.folder, 'elsewhere');
    const again = succeeded(await train(tiny.recipe, [...resume, '--set', 'output=elsewhere']));
    assert.deepEqual(course(again), []);
    assert.deepEqual(await adapter({ ...tiny, output: elsewhere }), expected);
  });

  test('that had finished early does not go on', async (t) => {
    const tiny = await project(t, {
      dataset: { eval_split: 0.2 },
      // So high a rate does not improve anything for long.
      training: { max_steps: 200, eval_steps: 1, learning_rate: 1, early_stopping_patience: 2 },
    });
    const whole = succeeded(await train(tiny.recipe));
    const losses = eventsOf(whole, 'eval').map(({ eval_loss }) => eval_loss);
    assert.ok(losses.length < 200);
    assert.equal(losses.indexOf(Math.min(...losses)), losses.length - 3);
    await rm(tiny.output, { recursive: true });
    const again = succeeded(await train(tiny.recipe, resume));
    assert.deepEqual(course(again), []);
    assert.equal((await readdir(tiny.output)).includes('adapter_model.safetensors'), true);
  });

  test('does not mind a torn last line of its metrics', async (t) => {
    const tiny = await project(t, { training: { max_steps: 400, save_steps: 1000 } });
    const stopped = await train(
      tiny.recipe,
      [],
      killing('SIGKILL', (event) => event.type === 'step' && event.step === 2),
    );
    const metrics = path.join(eventsOf(stopped, 'started')[0]!.folder, 'metrics.jsonl');
    await appendFile(metrics, '{"type":"step","st');
    succeeded(await train(tiny.recipe, [...resume, '--set', 'training.max_steps=3']));
    const lines = (await readFile(metrics, 'utf8')).trimEnd().split('\n');
    assert.equal((JSON.parse(lines.at(-1)!) as TrainingEvent).type, 'finished');
    for (const line of lines) JSON.parse(line);
  });
});

describe('resuming is refused', { concurrency: 2 }, () => {
  async function stoppedProject(t: TestContext): Promise<TinyProject> {
    const tiny = await project(t, { training: { max_steps: 1000 } });
    const stopped = await train(
      tiny.recipe,
      [],
      killing('SIGINT', ({ type }) => type === 'step'),
    );
    assert.equal(stopped.status, 130);
    return tiny;
  }

  test('when the recipe was changed, with the keys', async (t) => {
    const tiny = await stoppedProject(t);
    await writeRecipe(tiny, { lora: { r: 8 }, training: { max_steps: 1000, learning_rate: 1e-3 } });
    const refused = await train(tiny.recipe, resume);
    const [error] = eventsOf(refused, 'error');
    assert.deepEqual([refused.status, error?.code], [1, 'recipe-differs-from-run']);
    assert.match(error!.message, /`lora\.r`, `training\.learning_rate`/);
  });

  test('when the dataset was changed', async (t) => {
    const tiny = await stoppedProject(t);
    await writeFile(tiny.data, jsonLines(tinyRows().reverse()));
    const refused = await train(tiny.recipe, resume);
    assert.deepEqual([refused.status, eventsOf(refused, 'error')[0]?.code], [1, 'resume-dataset-changed']);
  });

  test('when the base model was changed', async (t) => {
    const tiny = await stoppedProject(t);
    await writeTinyModel(tiny.model, { seed: 2 });
    const refused = await train(tiny.recipe, resume);
    assert.deepEqual([refused.status, eventsOf(refused, 'error')[0]?.code], [1, 'resume-model-changed']);
  });

  test('when another process trains the run, which then can be stopped and goes on', async (t) => {
    const tiny = await stoppedProject(t);
    let refused: Promise<Trained> | undefined;
    const first = await train(tiny.recipe, resume, (event, child) => {
      if (event.type !== 'step' || refused !== undefined) return;
      refused = train(tiny.recipe, resume).finally(() => child.kill('SIGINT'));
    });
    const second = await refused!;
    assert.deepEqual([second.status, eventsOf(second, 'error')[0]?.code], [1, 'run-is-active']);
    assert.equal(first.status, 130, first.stderr);
    const last = eventsOf(first, 'cancelled')[0]!.step;
    const rest = await train(tiny.recipe, [...resume, '--set', `training.max_steps=${last + 1}`]);
    assert.equal(succeeded(rest).events.at(-1)?.type, 'finished');
  });

  test('when there is no run yet, or not that one', async (t) => {
    const tiny = await project(t);
    const none = await train(tiny.recipe, resume);
    assert.deepEqual([none.status, eventsOf(none, 'error')[0]?.code], [1, 'no-run-to-resume']);
    const other = await train(tiny.recipe, ['--resume', 'tiny-20200101-000000']);
    assert.deepEqual([other.status, eventsOf(other, 'error')[0]?.code], [1, 'unknown-run']);
  });
});

describe('Ctrl-C', () => {
  test('stops within a step, keeps a checkpoint and says so', async (t) => {
    const tiny = await project(t, { training: { max_steps: 1000, save_steps: 1000 } });
    let stepsBefore = 0;
    const stopped = await train(tiny.recipe, [], (event, child) => {
      if (event.type === 'step' && event.step === 3) child.kill('SIGINT');
      if (event.type === 'step') stepsBefore = event.step;
    });
    assert.equal(stopped.status, 130);
    const [cancelled] = eventsOf(stopped, 'cancelled');
    assert.deepEqual(stopped.events.at(-1), cancelled);
    assert.equal(cancelled!.step, stepsBefore);
    assert.match(cancelled!.checkpoint ?? '', new RegExp(`step-${stepsBefore}$`));
    assert.deepEqual((await readdir(cancelled!.checkpoint!)).sort(), ['progress.json', 'training_state.safetensors']);
  });
});

/** Every file below a folder with its bytes and when it was written. */
async function everyFile(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const files = new Map<string, string>();
  for (const name of names) {
    const file = path.join(folder, name);
    const facts = await stat(file);
    if (facts.isFile()) files.set(name, `${facts.mtimeMs} ${(await readFile(file)).toString('base64')}`);
  }
  return files;
}
