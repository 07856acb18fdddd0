import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../src/failure/failure';
import { ChatEngines } from '../../src/host/chat/chatEngines';
import { EngineCrash } from '../../src/host/engine/engineCrash';
import { AdapterServer, type ServerOptions } from '../../src/host/serving/adapterServer';
import { writeTinyAdapter } from '../tiny/adapter';
import { writeJson, writeTinyModel } from '../tiny/model';
import { temporaryFolder } from '../tiny/recipe';
import { TestEngine } from './engine';

const never = new AbortController().signal;

async function project(t: TestContext): Promise<{ base: string; one: string; two: string; engine: TestEngine }> {
  const folder = await temporaryFolder(t);
  const [base, one, two] = ['base', 'one', 'two'].map((name) => path.join(folder, name)) as [string, string, string];
  await writeTinyModel(base);
  await writeJson(path.join(base, 'tokenizer_config.json'), {
    ...{ tokenizer_class: 'PreTrainedTokenizerFast', unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
    chat_template: "{% for m in messages %}{{ m['content'] + ' ' }}{% endfor %}",
  });
  await writeTinyAdapter(one, base, {}, 1);
  await writeTinyAdapter(two, base, {}, 2);
  return { base, one, two, engine: new TestEngine(t) };
}

function options({ base, one, engine }: { base: string; one: string; engine: TestEngine }): ServerOptions {
  return {
    engine: engine.client,
    base: { path: base, name: 'base', hasChatTemplate: true, isChosen: false },
    adapters: [{ name: 'one', folder: one }],
    port: 0,
    log: () => undefined,
  };
}

async function ask(url: string, model: string): Promise<number> {
  const { status } = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, prompt: 'a', max_tokens: 2 }),
  });
  return status;
}

describe('the server of a window', () => {
  test('knows what it serves and how often it was asked, whoever adds and removes', async (t) => {
    const made = await project(t);
    const server = await AdapterServer.start(options(made), never);
    assert.ok(server !== undefined);
    const { url } = server.facts;
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(await ask(url, 'one'), 200);
    await server.add({ name: 'two', folder: made.two });
    assert.equal(await ask(url, 'two'), 200);
    assert.deepEqual(
      server.facts.adapters.map(({ name }) => name),
      ['one', 'two'],
    );
    await server.remove('one');
    assert.equal(await ask(url, 'one'), 404);
    const gone = await fetch(`${url}/v1/unload_lora_adapter`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ lora_name: 'two' }),
    });
    assert.equal(gone.status, 200);
    await server.stop();
    assert.equal(await server.ended, undefined);
    assert.deepEqual([server.facts.adapters, server.facts.requests], [[], 3]);
    await assert.rejects(ask(url, 'base'));
  });

  test('that cannot start says why, and one that is given up is none', async (t) => {
    const made = await project(t);
    const wrong = { ...options(made), adapters: [{ name: 'gone', folder: `${made.one}-gone` }] };
    await assert.rejects(AdapterServer.start(wrong, never), Failure);
    assert.equal(await AdapterServer.start(options(made), AbortSignal.abort()), undefined);
  });

  test('that ends by itself says so', async (t) => {
    const made = await project(t);
    const server = await AdapterServer.start(options(made), never);
    process.kill(await made.engine.pid(), 'SIGKILL');
    assert.ok((await server!.ended) instanceof EngineCrash);
  });
});

describe('the engines of the chat', () => {
  test('load a model when it is asked, and give it back after a while', async (t) => {
    const made = await project(t);
    const waiting: (() => void)[] = [];
    const started: TestEngine[] = [];
    const engines = new ChatEngines({
      startEngine: () => {
        const engine = new TestEngine(t);
        started.push(engine);
        return Promise.resolve(engine.client);
      },
      clock: {
        after: (_, action) => {
          waiting.push(action);
          return () => void waiting.splice(waiting.indexOf(action), 1);
        },
      },
      idleMinutes: () => 5,
    });
    t.after(() => engines.dispose());
    const [one, two] = await engines.describe([made.one, made.two], never);
    assert.deepEqual([started.length, engines.running], [1, []]);
    const sampling = { temperature: null, topP: null, seed: null, maxNewTokens: 6, stop: [] };
    const said = async (adapter: typeof one): Promise<string> => {
      let all = '';
      const turns = [{ role: 'user' as const, content: 'a' }];
      await engines.answer(adapter!, { turns, sampling }, (text) => (all += text), never);
      return all;
    };
    const [first, second] = await Promise.all([said(one), said(two)]);
    assert.notEqual(first, second);
    assert.equal(await engines.count(one!, 'abc'), 3);
    // Both adapters have one base model, which is loaded once.
    assert.deepEqual([started.length, engines.running], [2, [made.base]]);
    for (const action of [...waiting]) action();
    assert.deepEqual(engines.running, []);
    assert.equal(await said(one), first);
    assert.equal(started.length, 3);
  });
});
