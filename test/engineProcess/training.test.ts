import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Failure } from '../../src/failure/failure';
import { lora } from '../tiny/lora';
import { temporaryFolder, writeTinyProject } from '../tiny/recipe';
import { TestEngine, disturbed, once } from './engine';

describe('an engine process', () => {
  test('plans as the command line does', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t));
    const plan = await new TestEngine(t).client.plan(recipe, ['lora.r=2']);
    const { stdout } = await lora(['plan', recipe, '--set', 'lora.r=2', '--json']);
    assert.deepEqual(plan, JSON.parse(stdout));
  });

  test('trains as the command line does, and tells all of it in order before the end', async (t) => {
    const here = await writeTinyProject(await temporaryFolder(t), { training: { save_steps: 2 } });
    const run = new TestEngine(t).train({ recipeFile: here.recipe });
    assert.equal(await run.done, 'finished');
    const told = run.events.map((event) => (event.type === 'step' ? `step ${event.step}` : event.type));
    const steps = ['step 1', 'step 2', 'checkpoint', 'step 3', 'step 4', 'checkpoint'];
    assert.deepEqual(told, ['plan', 'started', ...steps, 'proof', 'finished']);

    const there = await writeTinyProject(await temporaryFolder(t), { training: { save_steps: 2 } });
    assert.equal((await lora(['train', there.recipe])).status, 0);
    assert.deepEqual(await adapter(here.output), await adapter(there.output));
  });

  test('trains one run after the other, and refuses a second at the same time', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t));
    const engine = new TestEngine(t);
    const first = engine.train({ recipeFile: recipe });
    const second = engine.train({ recipeFile: recipe });
    await assert.rejects(second.done, hasCode('engine-busy'));
    assert.equal(await first.done, 'finished');
    const third = engine.train({ recipeFile: recipe, overrides: ['training.max_steps=2'] });
    assert.equal(await third.done, 'finished');
    assert.equal(third.events.filter(({ type }) => type === 'step').length, 2);
    assert.equal(second.events.length, 0);
  });

  test('hands over whatever is printed as lines, and is not disturbed by it', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder);
    const noise = `process.stdout.write('{"jsonrpc":"2.0","id":0,"result":{}}\\nContent-Length: 5\\n'); console.error('noise');`;
    const engine = new TestEngine(t, { environment: disturbed(folder, noise) });
    assert.equal(await engine.train({ recipeFile: recipe }).done, 'finished');
    for (const line of ['{"jsonrpc":"2.0","id":0,"result":{}}', 'Content-Length: 5', 'noise'])
      assert.ok(engine.lines.includes(line), line);
  });
});

describe('the log of an engine', () => {
  test('has requests at level debug, and messages at level trace only where that is wanted', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t));
    const [quiet, traced] = [new TestEngine(t), new TestEngine(t, { isTraced: () => true })];
    for (const engine of [quiet, traced]) await engine.client.plan(recipe);
    assert.match(quiet.notes.join('\n'), /^debug → plan \{"recipeFile":/);
    assert.ok(quiet.notes.every((note) => note.startsWith('debug ')));
    assert.ok(traced.notes.some((note) => /^trace ← .*"trainable_params"/.test(note)));
  });
});

describe('two engine processes', () => {
  test('train two runs at the same time', async (t) => {
    const projects = await Promise.all([1, 2].map(async () => writeTinyProject(await temporaryFolder(t))));
    const runs = projects.map(({ recipe }) => new TestEngine(t).train({ recipeFile: recipe }));
    assert.deepEqual(await Promise.all(runs.map(({ done }) => done)), ['finished', 'finished']);
    assert.deepEqual(await adapter(projects[0]!.output), await adapter(projects[1]!.output));
  });

  test('never train the same run', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t), { training: { max_steps: 100_000 } });
    let refused: Promise<unknown> = Promise.resolve();
    const run = new TestEngine(t).train(
      { recipeFile: recipe },
      once('step', () => {
        refused = new TestEngine(t).train({ recipeFile: recipe, resume: 'latest' }).done;
        refused.catch(() => undefined).finally(() => void run.stop());
      }),
    );
    assert.equal(await run.done, 'cancelled');
    await assert.rejects(refused, hasCode('run-is-active'));
  });

  test('never train into the same folder; when the one has ended, another one may', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t), { training: { max_steps: 100_000 } });
    const second = new TestEngine(t);
    let refused: Promise<unknown> = Promise.resolve();
    const run = new TestEngine(t).train(
      { recipeFile: recipe },
      once('step', () => {
        refused = second.train({ recipeFile: recipe }).done;
        refused.catch(() => undefined).finally(() => void run.stop());
      }),
    );
    assert.equal(await run.done, 'cancelled');
    await assert.rejects(refused, hasCode('output-in-use'));
    assert.equal(await second.train({ recipeFile: recipe, overrides: ['training.max_steps=2'] }).done, 'finished');
  });
});

describe('what goes wrong in an engine process', () => {
  test('arrives as it was thrown: code, sentence, next step, place, exit code', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder, { base_model: 'nowhere' });
    const failure = await failureOf(new TestEngine(t).train({ recipeFile: recipe }).done);
    const { stdout, status } = await lora(['plan', recipe, '--json']);
    const { code, message, hint, place } = failure;
    const shown = JSON.parse(stdout) as { readonly error: unknown };
    assert.deepEqual({ code, message, hint: hint ?? null, place: place ?? null }, shown.error);
    assert.equal(failure.exitCode, status);
  });

  test('names file and line of a wrong recipe', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t), { lora: { r: -1 } });
    const { place } = await failureOf(new TestEngine(t).client.plan(recipe));
    const text = await readFile(recipe, 'utf8');
    const line = text.split('\n').findIndex((content) => content.includes('"r": -1')) + 1;
    assert.deepEqual(place, { file: recipe, line, path: 'lora.r' });
  });

  test('is a bug with its stack in the log when it was not expected', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t));
    const engine = new TestEngine(t);
    const failure = await failureOf(engine.client.plan(recipe, [7 as unknown as string]));
    assert.equal(failure.code, 'internal-error');
    assert.equal(failure.exitCode, 3);
    await engine.line(/^error: TypeError: /);
    await engine.line(/^error: {5}at .*engine\.js/);
  });
});

function adapter(output: string): Promise<Buffer> {
  return readFile(path.join(output, 'adapter_model.safetensors'));
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Failure && error.code === code;
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => assert.fail('It should have failed'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}
