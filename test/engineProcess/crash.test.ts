import assert from 'node:assert/strict';
import { once as emitted } from 'node:events';
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Failure } from '../../src/failure/failure';
import { listRuns } from '../../src/engine/checkpoint/runFolder';
import { EngineCrash } from '../../src/host/engine/engineCrash';
import { engineProtocolVersion } from '../../src/run/engineProtocol';
import { temporaryFolder, writeTinyProject } from '../tiny/recipe';
import { TestEngine, disturbed, engineFile, once } from './engine';

describe('an engine that ends unasked', () => {
  test('rejects the run with its last lines; a new one goes on from the checkpoint', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder, { training: { max_steps: 100_000, save_steps: 1 } });
    const noise = `for (let i = 1; i <= 30; i++) console.error('line ' + i);`;
    const engine = new TestEngine(t, { environment: disturbed(folder, noise) });
    const pid = await engine.pid();
    const run = engine.train(
      { recipeFile: recipe },
      once('checkpoint', () => process.kill(pid, 'SIGKILL')),
    );
    const crash = await crashOf(run.done);
    assert.deepEqual([crash.signal, crash.exitCode], ['SIGKILL', null]);
    assert.match(crash.message, /SIGKILL/);
    assert.match(crash.hint, /memory/);
    assert.equal(crash.lastLines.length, 20);
    assert.deepEqual(crash.lastLines, engine.lines.slice(-20));
    const later = await crashOf(engine.client.plan(recipe));
    assert.equal(later.signal, 'SIGKILL');

    const [summary] = await listRuns(folder);
    assert.deepEqual([summary?.status, summary?.resumable], ['interrupted', true]);
    const overrides = [`training.max_steps=${summary!.step + 3}`];
    const next = new TestEngine(t).train({ recipeFile: recipe, resume: summary!.run, overrides });
    assert.equal(await next.done, 'finished');
    const resumed = next.events.find((event) => event.type === 'resumed');
    assert.equal(resumed?.step, summary!.step);
    const reached = run.events.flatMap((event) => (event.type === 'checkpoint' ? [event.step] : []));
    assert.ok(resumed.step >= Math.max(...reached), 'a checkpoint was lost');
  });

  test('because memory ran out says so', async (t) => {
    const folder = await temporaryFolder(t);
    const hunger = `const kept = []; process.once('message', () => { for (;;) kept.push(new Array(1e5).fill(kept.length)); });`;
    const environment = disturbed(folder, hunger, '--max-old-space-size=40');
    const crash = await crashOf(new TestEngine(t, { environment }).client.plan('any.lora.json'));
    assert.ok(
      crash.lastLines.some((line) => line.includes('heap out of memory')),
      crash.lastLines.join('\n'),
    );
    assert.match(crash.hint, /memory probably ran out/);
  });

  test('before it said anything shows why', async (t) => {
    const missing = path.join(await temporaryFolder(t), 'engine.js');
    const crash = await crashOf(new TestEngine(t, { engineFile: missing }).client.plan('any.lora.json'));
    assert.equal(crash.exitCode, 1);
    assert.ok(crash.lastLines.some((line) => line.includes('Cannot find module')));
  });

  test('by SIGTERM keeps a checkpoint first', async (t) => {
    const folder = await temporaryFolder(t);
    const { recipe } = await writeTinyProject(folder, { training: { max_steps: 100_000 } });
    const engine = new TestEngine(t);
    const pid = await engine.pid();
    const run = engine.train(
      { recipeFile: recipe },
      once('step', () => process.kill(pid, 'SIGTERM')),
    );
    assert.equal(await run.done, 'cancelled');
    assert.equal(run.events.at(-1)?.type, 'cancelled');
  });
});

describe('editor and engine of different versions', () => {
  test('an older engine is refused', async (t) => {
    const file = path.join(await temporaryFolder(t), 'older.cjs');
    const answer = `{ jsonrpc: '2.0', id: message.id, result: { version: 0 } }`;
    const older = `process.on('message', (message) => message.method === 'exit' ? process.exit() : process.send(${answer}));`;
    writeFileSync(file, older);
    const engine = new TestEngine(t, { engineFile: file });
    for (const call of [engine.client.plan('any.lora.json'), engine.train({ recipeFile: 'any.lora.json' }).done]) {
      await assert.rejects(call, isMismatch);
    }
  });

  test('an engine refuses an older editor, and says nothing else to it', async (t) => {
    const engine = fork(engineFile, [], { stdio: ['pipe', 'ignore', 'ignore', 'ipc'] });
    t.after(() => engine.kill());
    const ask = async (id: number, method: string, params: unknown): Promise<WireAnswer> => {
      engine.send({ jsonrpc: '2.0', id, method, params });
      for (;;) {
        const [message] = (await emitted(engine, 'message')) as [WireAnswer];
        if (message.id === id) return message;
      }
    };
    const { error } = await ask(1, 'initialize', { version: engineProtocolVersion - 1 });
    assert.equal(error?.data.code, 'engine-version-mismatch');
    assert.match(error.data.hint ?? '', /Reload the window/);
    const plan = await ask(2, 'plan', { recipeFile: 'any.lora.json', overrides: [] });
    assert.equal(plan.error?.data.kind, 'bug');
  });
});

interface WireAnswer {
  readonly id: number;
  readonly error?: { readonly data: { readonly kind: string; readonly code?: string; readonly hint?: string } };
}

function isMismatch(error: unknown): boolean {
  return error instanceof Failure && error.code === 'engine-version-mismatch';
}

async function crashOf(promise: Promise<unknown>): Promise<EngineCrash> {
  const error: unknown = await promise.then(
    () => assert.fail('The engine should have ended'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof EngineCrash, String(error));
  return error;
}
