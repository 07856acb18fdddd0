import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../src/failure/failure';
import type { MergeNews, MergeRequest } from '../../src/run/merge';
import { writeTinyAdapter } from '../tiny/adapter';
import { writeTinyModel } from '../tiny/model';
import { temporaryFolder } from '../tiny/recipe';
import { TestEngine } from './engine';

const never = new AbortController().signal;

async function start(t: TestContext): Promise<{ engine: TestEngine; folder: string; request: MergeRequest }> {
  const folder = await temporaryFolder(t);
  const [base, adapter, output] = ['model', 'adapter', 'merged'].map((name) => path.join(folder, name));
  await writeTinyModel(base!);
  await writeTinyAdapter(adapter!, base!);
  const adapters = [{ folder: adapter!, weight: 1 }];
  return {
    engine: new TestEngine(t),
    folder,
    request: { baseModel: null, adapters, output: output!, dtype: null, overwrite: false },
  };
}

describe('an engine process', () => {
  test('merges, with news before the answer', async (t) => {
    const { engine, request } = await start(t);
    const news: MergeNews[] = [];
    const ended = await engine.client.merge(request, (each) => news.push(each), never);
    assert.ok(ended.outcome === 'finished');
    assert.ok((await readdir(ended.model.output)).includes('model.safetensors'));
    assert.ok(ended.model.proof.relative_difference < ended.model.proof.limit);
    assert.equal(news[0]?.stage, 'writing');
    const last = news.at(-1)!;
    assert.deepEqual([last.stage, last.done], ['proving', last.total]);
  });

  test('leaves nothing behind when the merge is cancelled', async (t) => {
    const { engine, folder, request } = await start(t);
    const stop = new AbortController();
    const ended = await engine.client.merge(request, () => stop.abort(), stop.signal);
    // The news may come when all is done: then the model is whole.
    const expected = ended.outcome === 'cancelled' ? ['adapter', 'model'] : ['adapter', 'merged', 'model'];
    assert.deepEqual((await readdir(folder)).sort(), expected);
    const already = await engine.client.merge({ ...request, overwrite: true }, () => undefined, AbortSignal.abort());
    assert.deepEqual(already, { outcome: 'cancelled' });
  });

  test('exports, and says what it can export', async (t) => {
    const { engine, folder, request } = await start(t);
    const formats = await engine.client.exportFormats();
    assert.ok(formats.some(({ name, ending }) => name === 'gguf-adapter' && ending === '.lora.gguf'));
    const output = path.join(folder, 'out.lora.gguf');
    const asked = { format: 'gguf-adapter', adapter: request.adapters[0]!.folder, baseModel: null, output };
    const exported = await engine.client.export({ ...asked, overwrite: false });
    assert.deepEqual([exported.output, (await readdir(folder)).includes('out.lora.gguf')], [output, true]);
    await assert.rejects(
      engine.client.export({ ...asked, overwrite: false }),
      (error) => error instanceof Failure && error.code === 'export-output-exists',
    );
  });

  test('says why it cannot merge in the words that the command line has', async (t) => {
    const { engine, request } = await start(t);
    await engine.client.merge(request, () => undefined, never);
    await assert.rejects(
      engine.client.merge(request, () => undefined, never),
      (error) => error instanceof Failure && error.code === 'merge-output-exists',
    );
  });
});
