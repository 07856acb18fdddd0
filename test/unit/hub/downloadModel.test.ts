import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { findInHubCache } from '../../../src/engine/formats/hubCache';
import { openModelFolder } from '../../../src/engine/formats/modelFolder';
import { readRequest } from '../../../src/engine/hub/downloadModel';
import { filesOf, gitSha1, sha256 } from '../../hub/hubServer';
import { failsWith, skipWithoutTestData, testData } from '../formats/scratch';
import { id, numbers, numbersWith, Serving, weights } from './serving';

const model = (serving: Serving, ...parts: string[]): string =>
  path.join(serving.cache, 'models--someone--numbers', ...parts);

describe('a download', () => {
  test('lays the model out as huggingface_hub does', async (t) => {
    const serving = await Serving.start(t);
    const { commit, folder, files, bytes, downloaded_bytes, base_model } = await serving.download();
    assert.equal(folder, model(serving, 'snapshots', commit));
    assert.equal(readFileSync(model(serving, 'refs', 'main'), 'utf8'), commit);
    for (const [name, content] of numbers) {
      const blob = model(serving, 'blobs', name === weights ? sha256(content) : gitSha1(content));
      assert.deepEqual(readFileSync(blob), content, name);
      assert.deepEqual(readFileSync(path.join(folder, name)), content, name);
      assert.ok(lstatSync(path.join(folder, name)).isSymbolicLink(), name);
    }
    assert.equal(readdirSync(model(serving, 'blobs')).length, numbers.size);
    const size = [...numbers.values()].reduce((sum, content) => sum + content.length, 0);
    assert.deepEqual({ files, bytes, downloaded_bytes }, { files: numbers.size, bytes: size, downloaded_bytes: size });
    assert.equal(base_model, id);
    assert.equal(await findInHubCache(id, serving.cache), folder);
    assert.ok((await openModelFolder(folder)).tensors.size > 0);
  });

  test('fetches what the engine reads and short texts for people, and nothing else', async (t) => {
    const serving = await Serving.start(t);
    const others = {
      'README.md': '# Numbers',
      LICENSE: 'Apache',
      'pytorch_model.bin': 'pickle',
      'model.onnx': 'graph',
      'vocab.json': '{}',
      '.gitattributes': '',
      'README.txt.exe': 'x',
      'LICENSE.txt': Buffer.alloc(1_000_001),
    };
    serving.server.add({ id, files: numbersWith(others) });
    const { folder } = await serving.download();
    assert.deepEqual(readdirSync(folder).sort(), [...numbers.keys(), 'README.md', 'LICENSE'].sort());
  });

  test('fetches nothing twice, not even the commit after when only a small file is new', async (t) => {
    const serving = await Serving.start(t);
    const first = await serving.download();
    const again = await serving.download();
    assert.deepEqual({ ...again, downloaded_bytes: first.bytes }, first);
    const config = JSON.parse(numbers.get('config.json')!.toString()) as object;
    serving.server.add({ id, files: numbersWith({ 'config.json': JSON.stringify({ ...config, note: 'new' }) }) });
    const next = await serving.download();
    assert.notEqual(next.commit, first.commit);
    assert.equal(serving.server.readsOf(weights).length, 1 + 1, 'one redirect, one read');
    assert.equal(await findInHubCache(id, serving.cache), next.folder);
    assert.ok(existsSync(path.join(first.folder, 'config.json')), 'the older snapshot stays');
  });

  test('reads a large model in several files, and those that its index names', async (t) => {
    const serving = await Serving.start(t);
    const shard = numbers.get(weights)!;
    const index = { weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' } };
    const files = numbersWith({
      [weights]: undefined,
      'model.safetensors.index.json': JSON.stringify(index),
      'model-00001-of-00002.safetensors': shard,
      'model-00002-of-00002.safetensors': Buffer.concat([shard, shard]),
      'consolidated.safetensors': Buffer.from('the same in another layout'),
    });
    serving.server.add({ id, files });
    const { folder } = await serving.download();
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('safetensors')),
      ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'model.safetensors.index.json'],
    );
    files.delete('model-00002-of-00002.safetensors');
    serving.server.add({ id, files });
    await failsWith('model-shard-missing', serving.download());
  });

  test('of a revision has a ref of its own and is named by its folder', async (t) => {
    const serving = await Serving.start(t);
    await serving.download();
    const files = numbersWith({ 'README.md': 'version 2' });
    const commit = serving.server.add({ id, files, revisions: ['v2', 'refs/pr/1'] });
    const { folder, base_model } = await serving.download({ revision: 'v2' });
    assert.equal(readFileSync(model(serving, 'refs', 'v2'), 'utf8'), commit);
    assert.equal(base_model, folder);
    await serving.download({ revision: 'refs/pr/1' });
    assert.equal(readFileSync(model(serving, 'refs', 'refs', 'pr', '1'), 'utf8'), commit);
    await serving.download({ revision: commit });
    assert.ok(!existsSync(model(serving, 'refs', commit)));
    await failsWith('hub-revision-not-found', serving.download({ revision: 'v3' }));
  });

  test('moves files into the snapshot where links are not wanted, and still fetches them once', async (t) => {
    const serving = await Serving.start(t);
    const environment = { HF_HUB_DISABLE_SYMLINKS: '1' };
    const { folder } = await serving.download({ environment });
    for (const [name, content] of numbers) {
      assert.ok(lstatSync(path.join(folder, name)).isFile(), name);
      assert.deepEqual(readFileSync(path.join(folder, name)), content);
    }
    assert.deepEqual(readdirSync(model(serving, 'blobs')), []);
    assert.equal((await serving.download({ environment })).downloaded_bytes, 0);
  });

  test('of a real model works as well', { skip: skipWithoutTestData }, async (t) => {
    const serving = await Serving.start(t);
    serving.server.add({ id: 'stories', files: filesOf(testData('models', 'stories15M')) });
    const { folder } = await serving.download({ id: 'stories' });
    assert.equal((await openModelFolder(folder)).config['model_type'], 'llama');
    const rates = serving.news.filter((news) => news.type === 'progress');
    assert.equal(rates.at(-1)?.done_bytes, rates.at(-1)?.total_bytes);
  });

  test('from the cache alone when the hub must not be asked', async (t) => {
    const serving = await Serving.start(t);
    const environment = { HF_HUB_OFFLINE: '1' };
    await failsWith('hub-offline', serving.download({ environment }));
    const { folder, bytes } = await serving.download();
    const asked = serving.server.requests.length;
    const offline = await serving.download({ environment });
    assert.deepEqual([offline.folder, offline.bytes, offline.downloaded_bytes], [folder, bytes, 0]);
    assert.equal(serving.server.requests.length, asked);
  });

  test('is refused before it begins where the disk is too small', async (t) => {
    const serving = await Serving.start(t);
    serving.server.add({ id, files: numbers, saidSizes: new Map([[weights, 9e14]]) });
    const { message } = await failsWith('download-needs-space', serving.download());
    assert.match(message, /needs 900 TB/);
    assert.deepEqual(serving.server.readsOf(weights), []);
  });
});

describe('a token', () => {
  test('goes to the hub and never to the store it redirects to', async (t) => {
    const serving = await Serving.start(t);
    await serving.download({ token: ' hf_reader\n' });
    const { requests } = serving.server;
    const withToken = requests.filter(({ authorization }) => authorization === 'Bearer hf_reader');
    const stored = requests.filter(({ address }) => address.startsWith('/repos/'));
    assert.equal(withToken.length, requests.length - stored.length);
    assert.ok(stored.length === 1 && stored.every(({ authorization }) => authorization === undefined));
  });

  test('is found where huggingface_hub finds it', async (t) => {
    const serving = await Serving.start(t);
    serving.server.add({ id, files: numbers, privateTo: ['hf_reader'] });
    await failsWith('hub-model-not-found', serving.download());
    await serving.download({ environment: { HF_TOKEN: 'hf_reader' } });
    await mkdir(serving.home, { recursive: true });
    writeFileSync(path.join(serving.home, 'token'), 'hf_reader\n');
    await serving.download();
    const HF_TOKEN_PATH = path.join(serving.home, 'elsewhere');
    writeFileSync(HF_TOKEN_PATH, 'hf_stranger');
    const { hint } = await failsWith('hub-model-not-found', serving.download({ environment: { HF_TOKEN_PATH } }));
    assert.match(hint!, /must be of somebody who may read it/);
    await failsWith('hub-token-invalid', serving.download({ token: 'two words' }));
  });

  test('that the hub does not know is refused, without being repeated', async (t) => {
    const serving = await Serving.start(t);
    const failure = await failsWith('hub-token-refused', serving.download({ token: 'hf_mistyped' }));
    assert.doesNotMatch(`${failure.message}${failure.hint}`, /mistyped/);
  });

  test('is needed for a gated model, after its licence was accepted', async (t) => {
    const serving = await Serving.start(t);
    serving.server.add({ id, files: numbers, gatedTo: ['hf_reader'] });
    const without = await failsWith('hub-model-gated', serving.download());
    assert.match(without.hint!, /Accept the licence on http:\/\/127\.0\.0\.1:\d+\/someone\/numbers, then give a token/);
    const stranger = await failsWith('hub-model-gated', serving.download({ token: 'hf_stranger' }));
    assert.match(stranger.hint!, /not of such a person yet/);
    assert.deepEqual(readdirSync(serving.cache), ['.locks'], 'nothing stays behind');
    await serving.download({ token: 'hf_reader' });
  });
});

describe('a model that cannot be used is refused before its weights are fetched:', () => {
  const refused = (what: string, code: string, others: Readonly<Record<string, string | undefined>>): void => {
    test(what, async (t) => {
      const serving = await Serving.start(t);
      serving.server.add({ id, files: numbersWith(others) });
      await failsWith(code, serving.download());
      const large = serving.server.requests.filter(({ address }) => /\.(safetensors|bin|gguf)$/.test(address));
      assert.deepEqual(large, []);
      assert.equal(await findInHubCache(id, serving.cache), undefined);
      assert.ok(!existsSync(model(serving)), 'nothing stays behind');
    });
  };
  const config = JSON.parse(numbers.get('config.json')!.toString()) as Record<string, unknown>;
  refused('another family', 'model-type-unsupported', {
    'config.json': JSON.stringify({ ...config, model_type: 'mamba' }),
  });
  refused('quantized', 'model-quantized', {
    'config.json': JSON.stringify({ ...config, quantization_config: { quant_method: 'gptq' } }),
  });
  refused('pickle alone', 'model-pickle-only', { [weights]: undefined, 'pytorch_model.bin': 'x' });
  refused('GGUF alone', 'model-gguf-unsupported', {
    [weights]: undefined,
    'config.json': undefined,
    'm.Q4_K_M.gguf': 'x',
  });
  refused('an adapter', 'model-is-an-adapter', { 'config.json': undefined, 'adapter_config.json': '{}' });
  refused('no configuration', 'model-config-missing', { 'config.json': undefined });
  refused('no tokenizer', 'tokenizer-missing', { 'tokenizer.json': undefined });
  refused('a broken configuration', 'hub-answer-invalid', { 'config.json': '{"model_type":' });
});

describe('what is asked for', () => {
  test('may be the address of the page', () => {
    const main = { id: 'Qwen/Qwen3-0.6B', revision: 'main' };
    const read = (text: string, revision: string | null = null): unknown =>
      readRequest({ id: text, revision, token: null });
    assert.deepEqual(read('https://huggingface.co/Qwen/Qwen3-0.6B'), main);
    assert.deepEqual(read(' https://huggingface.co/Qwen/Qwen3-0.6B/?x#y '), main);
    assert.deepEqual(read('https://huggingface.co/Qwen/Qwen3-0.6B/tree/refs%2Fpr%2F1'), {
      ...main,
      revision: 'refs/pr/1',
    });
    assert.deepEqual(read('gpt2', 'v1.0'), { id: 'gpt2', revision: 'v1.0' });
  });

  for (const text of ['', '../up', 'a/b/c', 'a b', 'a--b/c', '/abs', '.hidden/x']) {
    test(`cannot be ${JSON.stringify(text)}`, async (t) => {
      await failsWith('hub-id-invalid', (await Serving.start(t)).download({ id: text }));
    });
  }

  for (const revision of ['', '..', 'a/../../b', '/etc', 'a\\b', 'a b', 'a/./b']) {
    test(`cannot be of revision ${JSON.stringify(revision)}`, async (t) => {
      await failsWith('hub-revision-invalid', (await Serving.start(t)).download({ revision }));
    });
  }

  test('that is not there is told', async (t) => {
    const serving = await Serving.start(t);
    const { hint } = await failsWith('hub-model-not-found', serving.download({ id: 'someone/number' }));
    assert.match(hint!, /Check the spelling/);
    await failsWith('hub-model-not-found', serving.download({ id: 'someone/number', token: 'hf_reader' }));
  });
});
