import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { findInHubCache } from '../../src/engine/formats/hubCache';
import { Failure } from '../../src/failure/failure';
import type { DownloadNews } from '../../src/run/download';
import { filesOf, HubServer } from '../hub/hubServer';
import { TestEngine } from './engine';

const id = 'someone/numbers';
const numbers = filesOf('examples/numbers/model');
const never = new AbortController().signal;

async function start(t: TestContext): Promise<{ server: HubServer; engine: TestEngine; cache: string }> {
  const server = await HubServer.start();
  const cache = mkdtempSync(path.join(tmpdir(), 'lora-hub-'));
  server.add({ id, files: numbers });
  const engine = new TestEngine(t, {
    environment: { HF_ENDPOINT: server.endpoint, HF_HUB_CACHE: cache, HF_TOKEN: '' },
  });
  t.after(async () => {
    await engine.client.dispose();
    await server.close();
    rmSync(cache, { recursive: true, force: true });
  });
  return { server, engine, cache };
}

describe('an engine process', () => {
  test('downloads a model, with news before the answer', async (t) => {
    const { engine, cache } = await start(t);
    const news: DownloadNews[] = [];
    const ended = await engine.client.download({ id, revision: null, token: null }, (each) => news.push(each), never);
    assert.ok(ended.outcome === 'finished');
    assert.equal(ended.model.folder, await findInHubCache(id, cache));
    assert.equal(news[0]?.type, 'model');
    const last = news.at(-1);
    assert.ok(last?.type === 'progress' && last.done_bytes === last.total_bytes);
  });

  test('sends the token to the hub and says it nowhere', async (t) => {
    const { server, engine } = await start(t);
    server.add({ id, files: numbers, gatedTo: ['hf_reader'] });
    const ask = (token: string | null): Promise<unknown> =>
      engine.client.download({ id, revision: null, token }, () => undefined, never);
    await assert.rejects(ask(null), (error) => error instanceof Failure && error.code === 'hub-model-gated');
    await ask('hf_reader');
    await assert.rejects(ask('hf_mistyped'), (error) => error instanceof Failure && error.code === 'hub-token-refused');
    assert.doesNotMatch(engine.lines.join('\n'), /hf_/);
  });

  test('stops a download when it is cancelled, and can be asked again', async (t) => {
    const { server, engine } = await start(t);
    const stop = new AbortController();
    server.faults.push({
      at: 'model.safetensors',
      kind: 'hold',
      after: 100_000,
      until: new Promise(() => undefined),
      onHeld: () => stop.abort(),
    });
    const request = { id, revision: null, token: null };
    const ended = await engine.client.download(request, () => undefined, stop.signal);
    assert.ok(ended.outcome === 'cancelled' && ended.total_bytes !== null);
    assert.equal((await engine.client.download(request, () => undefined, never)).outcome, 'finished');
  });

  test('ends at once when its window closes during a download', async (t) => {
    const { server, engine, cache } = await start(t);
    const held = new Promise<void>((resolve) => {
      const until = new Promise(() => undefined);
      server.faults.push({ at: 'model.safetensors', kind: 'hold', after: 100_000, until, onHeld: resolve });
    });
    const download = engine.client.download({ id, revision: null, token: null }, () => undefined, never);
    const ended = download.then(
      ({ outcome }) => outcome,
      (error: unknown) => (error as Error).name,
    );
    await held;
    await engine.client.dispose();
    assert.equal(await ended, 'cancelled');
    assert.equal(await findInHubCache(id, cache), undefined);
  });

  test('lists models to start with', async (t) => {
    const { engine } = await start(t);
    const models = await engine.client.baseModels();
    assert.ok(models.length >= 8 && models.every(({ folder }) => folder === null));
  });
});
