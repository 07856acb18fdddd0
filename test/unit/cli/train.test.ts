import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { engineWith, run } from './captured';
import { recipeFolder } from './recipeFolder';

let cwd = '';
before(() => {
  cwd = recipeFolder();
});
after(() => rmSync(cwd, { recursive: true, force: true }));

describe('train', () => {
  const events: readonly TrainingEvent[] = [
    { type: 'started', run: 'r1', folder: '/w/.lora/runs/r1', total_steps: 1 },
    { type: 'warning', code: 'few-rows', message: 'There are few rows.', hint: null },
    { type: 'finished', adapter: '/w/adapters/good', steps: 1, loss: 2.5, eval_loss: null },
  ];

  test('prints one event a line with --json, and words only to stderr', async () => {
    const engine = engineWith({
      train(_recipe, { onEvent, resume }) {
        assert.equal(resume, 'latest');
        for (const event of events) onEvent(event);
        return Promise.resolve('finished');
      },
    });
    const { exitCode, stdout, stderr } = await run(['train', 'good.lora.json', '--resume', 'latest', '--json'], {
      cwd,
      loadEngine: () => Promise.resolve(engine),
    });
    assert.equal(exitCode, 0);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      events,
    );
    assert.equal(stderr, 'warning: There are few rows.\n');
  });

  test('exits with 130 when the user stopped it', async () => {
    const stop = new AbortController();
    const engine = engineWith({
      train(_recipe, { signal }) {
        stop.abort();
        assert.ok(signal.aborted);
        return Promise.resolve('cancelled');
      },
    });
    const around = { cwd, signal: stop.signal, loadEngine: () => Promise.resolve(engine) };
    assert.equal((await run(['train', 'good.lora.json'], around)).exitCode, 130);
  });

  for (const json of [[], ['--json']]) {
    test(`stopped before its first event says so in one line, exit 130 ${json.join('')}`, async () => {
      const stop = new AbortController();
      const engine = engineWith({
        train(_recipe, { onEvent }) {
          stop.abort();
          // What the abandoned run still tells is told to nobody.
          onEvent(events[0]!);
          return new Promise(() => undefined);
        },
      });
      const around = { cwd, signal: stop.signal, loadEngine: () => Promise.resolve(engine) };
      const { exitCode, stdout, stderr } = await run(['train', 'good.lora.json', ...json], around);
      assert.deepEqual([exitCode, stdout], [130, '']);
      assert.equal(stderr, 'Stopped before training began; nothing was written.\n');
    });
  }

  test('stopped before the engine is there never asks it to train', async () => {
    const stop = new AbortController();
    const around = {
      cwd,
      signal: stop.signal,
      loadEngine() {
        stop.abort();
        return Promise.resolve(engineWith({}));
      },
    };
    const { exitCode, stderr } = await run(['train', 'good.lora.json'], around);
    assert.equal(exitCode, 130);
    assert.equal(stderr, 'Stopped before training began; nothing was written.\n');
  });

  test('stopped after its first event waits for the engine to keep what there is', async () => {
    const stop = new AbortController();
    const engine = engineWith({
      async train(_recipe, { onEvent }) {
        onEvent(events[0]!);
        stop.abort();
        await Promise.resolve();
        onEvent({ type: 'cancelled', step: 1, checkpoint: '/c/step-1' });
        return 'cancelled';
      },
    });
    const around = { cwd, signal: stop.signal, loadEngine: () => Promise.resolve(engine) };
    const { exitCode, stdout, stderr } = await run(['train', 'good.lora.json', '--json'], around);
    assert.equal(exitCode, 130);
    assert.match(stdout, /"started"[^]*"cancelled"/);
    assert.doesNotMatch(stderr, /before training began/);
  });

  test('explains in its help what Ctrl-C leaves, and what --json prints then', async () => {
    assert.match((await run(['train', '--help'])).stdout, /before training begins writes nothing.*--json/);
  });

  test('says once, to people and programs, why a run failed', async () => {
    const failure = new Failure('loss-not-finite', 'The loss became NaN.', { hint: 'Halve it.', exitCode: 3 });
    const engine = engineWith({
      train(_recipe, { onEvent }) {
        onEvent({ type: 'error', code: failure.code, message: failure.message, hint: 'Halve it.' });
        return Promise.reject(failure);
      },
    });
    const around = { cwd, loadEngine: () => Promise.resolve(engine) };
    const { exitCode, stdout, stderr } = await run(['train', 'good.lora.json', '--json'], around);
    assert.equal(exitCode, 3);
    assert.equal(
      stdout,
      '{"type":"error","code":"loss-not-finite","message":"The loss became NaN.","hint":"Halve it."}\n',
    );
    assert.equal(stderr, 'error: The loss became NaN.\n  Halve it.\n');
  });

  test('calls anything but a Failure a bug, with its stack', async () => {
    const engine = engineWith({ train: () => Promise.reject(new TypeError('x is undefined')) });
    const around = { cwd, loadEngine: () => Promise.resolve(engine) };
    const { exitCode, stderr } = await run(['train', 'good.lora.json'], around);
    assert.equal(exitCode, 3);
    assert.match(stderr, /bug in lora[^]*TypeError: x is undefined\n +at /);
  });

  test('prints an error event also for a recipe that cannot be read', async () => {
    const { exitCode, stdout } = await run(['train', 'bad.lora.json', '--json'], { cwd });
    assert.equal(exitCode, 1);
    const event = JSON.parse(stdout) as { type: string; code: string };
    assert.deepEqual([event.type, event.code], ['error', 'out-of-range']);
  });
});
