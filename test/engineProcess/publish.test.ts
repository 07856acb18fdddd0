import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../src/failure/failure';
import type { PublishNews } from '../../src/run/publish';
import { HubServer } from '../hub/hubServer';
import { writeTinyAdapter } from '../tiny/adapter';
import { writeTinyModel } from '../tiny/model';
import { temporaryFolder } from '../tiny/recipe';
import { TestEngine } from './engine';

const repo = 'someone/my-adapter';
const baseModel = 'someone/numbers';
const token = 'hf_writer';
const never = new AbortController().signal;

async function start(t: TestContext): Promise<{ server: HubServer; engine: TestEngine; adapter: string }> {
  const server = await HubServer.start();
  const folder = await temporaryFolder(t);
  const [model, adapter] = [path.join(folder, 'model'), path.join(folder, 'my')];
  await writeTinyModel(model);
  await writeTinyAdapter(adapter, model, {});
  const engine = new TestEngine(t, { environment: { HF_ENDPOINT: server.endpoint, HF_HOME: folder, HF_TOKEN: '' } });
  t.after(async () => {
    await engine.client.dispose();
    await server.close();
  });
  return { server, engine, adapter };
}

const fails = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

describe('an engine process', () => {
  test('says what publishing would send and in whose name, and sends nothing of it', async (t) => {
    const { server, engine, adapter } = await start(t);
    const ask = (base: string | null, asked: string | null): Promise<unknown> =>
      engine.client.publishing.preview({ adapter, baseModel: base, token: asked }, () => undefined, never);
    await assert.rejects(ask(null, token), fails('publish-needs-base-id'));
    await assert.rejects(ask(baseModel, null), fails('publish-needs-token'));
    await assert.rejects(ask(baseModel, 'hf_nobody'), fails('hub-token-refused'));
    const ended = await engine.client.publishing.preview({ adapter, baseModel, token }, () => undefined, never);
    assert.ok(ended.outcome === 'finished');
    const { owner, endpoint, base_model: named, files } = ended.preview;
    assert.deepEqual([owner, endpoint, named], ['someone', server.endpoint, baseModel]);
    assert.ok(files.some(({ name, bytes }) => name === 'adapter_model.safetensors' && bytes > 0));
    assert.deepEqual([...new Set(server.requests.map(({ method }) => method))], ['GET']);
  });

  test('publishes what it said, and tells the token to the hub alone', async (t) => {
    const { server, engine, adapter } = await start(t);
    const { publishing } = engine.client;
    const seen = await publishing.preview({ adapter, baseModel, token }, () => undefined, never);
    assert.ok(seen.outcome === 'finished');
    const news: PublishNews[] = [];
    const request = { adapter, repo, isPrivate: true, baseModel, token };
    const ended = await publishing.publish(request, (each) => news.push(each), never);
    assert.ok(ended.outcome === 'finished' && ended.adapter.is_private);
    const there = server.filesAt(repo)!;
    for (const { name, bytes } of seen.preview.files) assert.equal(there.get(name)?.length, bytes, name);
    assert.deepEqual(
      news,
      seen.preview.files.map((file) => ({ type: 'file', ...file })),
    );
    assert.doesNotMatch(engine.lines.join('\n'), /hf_writer/);
  });

  test('stops when it is cancelled, before anything is there', async (t) => {
    const { server, engine, adapter } = await start(t);
    const stop = new AbortController();
    const request = { adapter, repo, isPrivate: true, baseModel, token };
    // The network gives trouble, which is waited out: time to change one's mind.
    for (let i = 0; i < 9; i++) server.faults.push({ at: '/preupload/', kind: 'status', status: 503 });
    const ended = await engine.client.publishing.publish(request, () => stop.abort(), stop.signal);
    assert.deepEqual(ended, { outcome: 'cancelled' });
    assert.deepEqual([...server.filesAt(repo)!.keys()], ['.gitattributes']);
    const aborted = AbortSignal.abort();
    const preview = await engine.client.publishing.preview({ adapter, baseModel, token }, () => undefined, aborted);
    assert.deepEqual(preview, { outcome: 'cancelled' });
  });
});
