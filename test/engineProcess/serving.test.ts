import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../src/failure/failure';
import type { ServeNews, ServeOptions } from '../../src/run/serving';
import { writeTinyAdapter } from '../tiny/adapter';
import { writeJson, writeTinyModel } from '../tiny/model';
import { temporaryFolder } from '../tiny/recipe';
import { TestEngine } from './engine';

interface Serving {
  readonly engine: TestEngine;
  readonly url: string;
  readonly news: readonly ServeNews[];
  readonly adapters: Readonly<Record<'one' | 'two' | 'whole', string>>;
  readonly end: () => Promise<void>;
}

/** A server in an engine process: adapter `one` is attached; `whole` replaces a weight, so it has a batch of its own. */
async function serving(t: TestContext, changes: Partial<ServeOptions> = {}): Promise<Serving> {
  const folder = await temporaryFolder(t);
  const base = path.join(folder, 'base');
  const adapters = { one: path.join(folder, 'one'), two: path.join(folder, 'two'), whole: path.join(folder, 'whole') };
  await writeTinyModel(base);
  await writeTinyAdapter(adapters.one, base, {}, 1);
  await writeTinyAdapter(adapters.two, base, { target_modules: ['up_proj', 'down_proj'], r: 2 }, 2);
  await writeTinyAdapter(adapters.whole, base, { modules_to_save: ['norm'] }, 3);
  const engine = new TestEngine(t);
  const news: ServeNews[] = [];
  const stop = new AbortController();
  const options: ServeOptions = {
    ...{ baseModel: base, adapters: [{ name: 'one', folder: adapters.one }], host: '127.0.0.1', port: 0 },
    ...{ apiKey: undefined, parallel: 8, maxWaiting: 256, maxLength: undefined, ...changes },
  };
  let ended: Promise<void> | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    ended = engine.client.texts.serve(
      options,
      (one) => {
        news.push(one);
        if (one.type === 'listening') resolve(one.url);
      },
      stop.signal,
    );
    ended.catch(reject);
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  return { engine, url, news, adapters, end };
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

async function ask(url: string, model: string, prompt: string): Promise<Answered> {
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, prompt, temperature: 0, max_tokens: 12, ignore_eos: true }),
  });
  const body = (await answer.json()) as { readonly choices?: readonly { readonly text: string }[] };
  return { status: answer.status, text: body.choices?.[0]?.text ?? '' };
}

const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

describe('a server in an engine process', () => {
  test('tells where it listens and of each request, and ends when it is asked to', async (t) => {
    const { url, news, end } = await serving(t, { baseName: 'org/base' });
    assert.equal((await ask(url, 'org/base', 'a')).status, 200);
    await end();
    const types = news.map(({ type }) => type);
    assert.deepEqual(types, ['listening', 'request', 'ended']);
    const [first] = news;
    assert.ok(first?.type === 'listening');
    assert.deepEqual(first.models, ['org/base', 'one']);
    await assert.rejects(ask(url, 'one', 'a'));
  });

  test('takes and gives up adapters without losing or mixing an answer', async (t) => {
    const { engine, url, adapters, end } = await serving(t);
    const { texts } = engine.client;
    const prompts = ['1 + 1 =', 'The cat', 'abc', 'x'];
    const expected = new Map<string, string>();
    await texts.attachServed({ name: 'two', folder: adapters.two });
    await texts.attachServed({ name: 'whole', folder: adapters.whole });
    for (const model of ['base', 'one', 'two', 'whole']) {
      for (const prompt of prompts) expected.set(`${model} ${prompt}`, (await ask(url, model, prompt)).text);
    }
    assert.equal(new Set(['base', 'one', 'two', 'whole'].map((model) => expected.get(`${model} abc`))).size, 4);

    let isOver = false;
    const counts = { answered: 0, unknown: 0 };
    const clients = Array.from({ length: 12 }, async (_, client) => {
      for (let i = 0; !isOver; i++) {
        const model = ['base', 'one', 'two', 'whole'][(client + i) % 4]!;
        const prompt = prompts[(client * 7 + i) % prompts.length]!;
        const { status, text } = await ask(url, model, prompt);
        // An adapter that is not there at that moment is said not to be; everything else is answered, and rightly.
        const mayBeUnknown = model === 'two' || model === 'whole';
        if (status === 404 && mayBeUnknown) {
          counts.unknown++;
          continue;
        }
        assert.equal(status, 200);
        assert.equal(text, expected.get(`${model} ${prompt}`), `${model}: ${prompt}`);
        counts.answered++;
      }
    });
    const all = Promise.all(clients);
    for (let round = 0; round < 5; round++) {
      for (const name of ['two', 'whole'] as const) {
        assert.equal(await texts.detachServed(name), true);
        assert.equal(await texts.detachServed(name), false);
        await texts.attachServed({ name, folder: adapters[name] });
      }
      // The same adapter once more in its own place.
      await texts.attachServed({ name: 'one', folder: adapters.one });
    }
    isOver = true;
    await all;
    assert.ok(counts.answered >= 24, `only ${counts.answered} answers`);
    await end();
  });

  test('says what is wrong in one sentence, and goes on', async (t) => {
    const { engine, url, adapters, end } = await serving(t);
    const { texts } = engine.client;
    const folder = await temporaryFolder(t);
    const other = path.join(folder, 'other');
    await writeTinyModel(other);
    const broken = path.join(folder, 'broken');
    await writeTinyAdapter(broken, other);
    await writeFile(path.join(broken, 'adapter_model.safetensors'), 'no tensors');
    await assert.rejects(texts.attachServed({ name: 'broken', folder: broken }), Failure);
    const misfit = path.join(folder, 'misfit');
    await writeTinyAdapter(misfit, other);
    const config = JSON.parse(await readFile(path.join(misfit, 'adapter_config.json'), 'utf8')) as object;
    await writeJson(path.join(misfit, 'adapter_config.json'), { ...config, r: 3 });
    await assert.rejects(texts.attachServed({ name: 'misfit', folder: misfit }), failsWith('adapter-misfit'));
    await assert.rejects(texts.attachServed({ name: 'gone', folder: path.join(folder, 'gone') }), Failure);
    await assert.rejects(texts.attachServed({ name: 'base', folder: adapters.two }), failsWith('adapter-name-taken'));
    const options = {
      ...{ baseModel: other, adapters: [], host: '127.0.0.1', port: 0, apiKey: undefined, parallel: 1 },
      ...{ maxWaiting: 0, maxLength: undefined },
    };
    await assert.rejects(
      texts.serve(options, () => undefined, new AbortController().signal),
      failsWith('already-serving'),
    );
    assert.equal((await ask(url, 'one', 'a')).status, 200);
    await end();
    await assert.rejects(texts.attachServed({ name: 'two', folder: adapters.two }), failsWith('not-serving'));
    await assert.rejects(texts.detachServed('one'), failsWith('not-serving'));
  });

  test('says so where another program has the port', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    await assert.rejects(serving(t, { port: (taken.address() as AddressInfo).port }), failsWith('address-unusable'));
  });

  test('ends with its editor', async (t) => {
    const { engine, url } = await serving(t);
    await engine.client.dispose();
    await assert.rejects(ask(url, 'one', 'a'));
  });

  test('tells base models of adapters, and what is wrong with others', async (t) => {
    const { engine, adapters } = await serving(t);
    const folder = await temporaryFolder(t);
    await writeTinyModel(path.join(folder, 'moved'));
    const orphan = path.join(folder, 'orphan');
    await writeTinyAdapter(orphan, path.join(folder, 'moved'), { base_model_name_or_path: 'nobody/has-this' });
    const described = await engine.client.texts.describeAdapters([adapters.one, orphan, folder]);
    assert.deepEqual(
      described.map(({ base, problem }) => [base?.name, base?.contextLength, base?.hasChatTemplate, problem?.code]),
      [
        ['base', 64, false, undefined],
        [undefined, undefined, undefined, 'base-of-adapter-unknown'],
        [undefined, undefined, undefined, 'adapter-config-missing'],
      ],
    );
  });
});
