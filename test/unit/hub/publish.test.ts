import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { previewPublish } from '../../../src/engine/operations/publish/previewPublish';
import { publishAdapter } from '../../../src/engine/operations/publish/publishAdapter';
import type { PublishedAdapter, PublishNews, PublishRequest } from '../../../src/run/publish';
import { writeTinyAdapter } from '../../tiny/adapter';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';
import { failsWith } from '../formats/scratch';
import { Serving } from './serving';

const repo = 'someone/my-adapter';
const base = 'someone/numbers';

interface Publishing {
  readonly serving: Serving;
  readonly adapter: string;
  readonly news: PublishNews[];
  readonly publish: (
    request?: Partial<PublishRequest>,
    environment?: Record<string, string>,
  ) => Promise<PublishedAdapter>;
}

/** A hub, and an adapter folder with things in it that are nobody's business. */
async function publishing(t: TestContext, named = base): Promise<Publishing> {
  const serving = await Serving.start(t);
  const folder = await temporaryFolder(t);
  const [model, adapter] = [path.join(folder, 'model'), path.join(folder, 'adapters', 'my')];
  await writeTinyModel(model);
  await writeTinyAdapter(adapter, model, {});
  const file = path.join(adapter, 'adapter_config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...config, base_model_name_or_path: named }));
  await writeFile(path.join(adapter, 'evaluation.json'), '{ "answers": ["secret"] }');
  await writeFile(path.join(adapter, 'data.jsonl'), 'secret');
  await writeFile(path.join(adapter, 'loss.svg'), '<svg/>');
  await mkdir(path.join(adapter, '.lora'));
  const news: PublishNews[] = [];
  return {
    serving,
    adapter,
    news,
    publish: async (request = {}, environment = {}) => {
      const whole = { adapter, repo, isPrivate: false, baseModel: null, token: 'hf_writer', ...request };
      const ended = await publishAdapter(whole, (one) => news.push(one), new AbortController().signal, {
        environment: { ...serving.environment, ...environment },
        patience: { pauses: [1, 1, 1], silence: 5000 },
      });
      assert.equal(ended.outcome, 'finished');
      return ended.adapter;
    },
  };
}

const names = ['README.md', 'adapter_config.json', 'adapter_model.safetensors', 'loss.svg'];

function filesThere({ server }: Serving): ReadonlyMap<string, Buffer> {
  return server.filesAt(repo)!;
}

describe('publish', () => {
  test('makes the repository and uploads the adapter, and nothing else of the folder', async (t) => {
    const { serving, adapter, publish, news } = await publishing(t);
    const published = await publish();
    assert.equal(published.url, `${serving.server.endpoint}/${repo}`);
    assert.deepEqual([published.is_new, published.is_private], [true, false]);
    assert.deepEqual([...published.files].sort(), names);
    assert.deepEqual([...published.changed].sort(), names);
    const there = filesThere(serving);
    assert.deepEqual([...there.keys()].sort(), ['.gitattributes', ...names]);
    for (const name of names) assert.ok(there.get(name)!.equals(await readFile(path.join(adapter, name))), name);
    // The weights are large enough to go in parts, and the store never sees the token.
    const puts = serving.server.requests.filter(({ method }) => method === 'PUT');
    assert.ok(puts.length > 1 && puts.every(({ authorization }) => authorization === undefined));
    assert.deepEqual(news.map((one) => (one.type === 'file' ? one.name : one.type)).sort(), names);
  });

  test('uploads only what has changed, and nothing twice', async (t) => {
    const { serving, adapter, publish } = await publishing(t);
    await publish();
    const commits = (): number => serving.server.requests.filter(({ address }) => address.includes('/commit/')).length;
    assert.deepEqual((await publish()).changed, []);
    assert.equal(commits(), 1);
    await writeFile(path.join(adapter, 'README.md'), '# Other words\n');
    const again = await publish();
    assert.deepEqual([again.changed, again.is_new, commits()], [['README.md'], false, 2]);
    assert.equal(filesThere(serving).get('README.md')!.toString(), '# Other words\n');
  });

  test('waits out trouble, and goes on after a failure without sending large files again', async (t) => {
    const { serving, publish, news } = await publishing(t);
    serving.server.faults.push({ at: '/put/', kind: 'status', status: 503 });
    for (let i = 0; i < 4; i++) serving.server.faults.push({ at: '/commit/', kind: 'status', status: 500 });
    await failsWith('hub-unreachable', publish());
    assert.ok(news.some(({ type }) => type === 'waiting'));
    assert.deepEqual([...filesThere(serving).keys()], ['.gitattributes']);
    const puts = (): number => serving.server.requests.filter(({ method }) => method === 'PUT').length;
    const before = puts();
    assert.equal((await publish()).changed.length, names.length);
    assert.equal(puts(), before);
  });

  test('is private where that is asked for, and uploads nothing where it cannot be', async (t) => {
    const { serving, publish } = await publishing(t);
    assert.equal((await publish({ isPrivate: true })).is_private, true);
    const other = 'someone/open';
    serving.server.add({ id: other, files: new Map() });
    await failsWith('publish-is-public', publish({ repo: other, isPrivate: true }));
    assert.equal(serving.server.filesAt(other)!.size, 0);
  });

  test('names the base model by its hub id, in configuration and card', async (t) => {
    const { serving, adapter, publish } = await publishing(t, './models/mine');
    await writeFile(
      path.join(adapter, 'README.md'),
      '---\nbase_model: ./models/mine\ntags:\n- base_model:adapter:./models/mine\n---\n\nFor `./models/mine`.\n' +
        'base_model = "./models/mine"\nvllm serve ./models/mine --enable-lora\n',
    );
    await failsWith('publish-needs-base-id', publish());
    await failsWith('publish-base-invalid', publish({ baseModel: '/home/me/model' }));
    assert.deepEqual(serving.server.requests, []);
    await publish({ baseModel: base });
    const card = filesThere(serving).get('README.md')!.toString();
    assert.equal(
      card,
      `---\nbase_model: ${base}\ntags:\n- base_model:adapter:${base}\n---\n\nFor \`${base}\`.\n` +
        `base_model = "${base}"\nvllm serve ${base} --enable-lora\n`,
    );
    const config = JSON.parse(filesThere(serving).get('adapter_config.json')!.toString()) as Record<string, unknown>;
    assert.deepEqual([config['base_model_name_or_path'], config['r']], [base, 4]);
    // The folder stays as it is.
    assert.match(await readFile(path.join(adapter, 'adapter_config.json'), 'utf8'), /models\/mine/);
  });

  test('a folder that looks like a hub id is none', async (t) => {
    const { adapter, publish } = await publishing(t, 'models/mine');
    await mkdir(path.join(path.dirname(path.dirname(adapter)), 'models', 'mine'), { recursive: true });
    await failsWith('publish-needs-base-id', publish());
  });

  for (const [what, request, environment, code] of [
    ['without a token', { token: null }, {}, 'publish-needs-token'],
    ['with a token that nobody knows', { token: 'hf_nobody' }, {}, 'hub-token-refused'],
    ['where others write', { repo: 'others/adapter' }, {}, 'publish-refused'],
    ['without a name of the owner', { repo: 'adapter' }, {}, 'hub-id-invalid'],
    ['into another place by dots', { repo: 'someone/../x' }, {}, 'hub-id-invalid'],
    ['when the hub must not be asked', {}, { HF_HUB_OFFLINE: '1' }, 'publish-offline'],
  ] as const) {
    test(`is refused ${what}`, async (t) => {
      const { publish } = await publishing(t);
      await failsWith(code, publish(request, environment));
    });
  }

  test('is told before what it would send, in whose name, and waits out trouble for that', async (t) => {
    const { serving, adapter, news } = await publishing(t);
    const preview = (): ReturnType<typeof previewPublish> =>
      previewPublish(
        { adapter, baseModel: null, token: 'hf_writer' },
        (one) => news.push(one),
        new AbortController().signal,
        { environment: serving.environment, patience: { pauses: [1, 1], silence: 5000 } },
      );
    serving.server.faults.push({ at: 'whoami', kind: 'status', status: 503 });
    const ended = await preview();
    assert.ok(ended.outcome === 'finished');
    assert.deepEqual([ended.preview.owner, ended.preview.base_model], ['someone', base]);
    assert.deepEqual(ended.preview.files.map(({ name }) => name).sort(), names);
    assert.deepEqual(news, [{ type: 'waiting', reason: 'it answers with status 503', seconds: 0.001 }]);
    assert.ok(serving.server.requests.every(({ method }) => method === 'GET'));
    for (let i = 0; i < 3; i++) serving.server.faults.push({ at: 'whoami', kind: 'status', status: 500 });
    await failsWith('hub-unreachable', preview());
    serving.server.faults.push({ at: 'whoami', kind: 'status', status: 404 });
    await failsWith('hub-answer-invalid', preview());
  });

  test('a stop is no failure', async (t) => {
    const { serving, adapter } = await publishing(t);
    const controller = new AbortController();
    const ended = await publishAdapter(
      { adapter, repo, isPrivate: false, baseModel: null, token: 'hf_writer' },
      () => controller.abort(),
      controller.signal,
      { environment: serving.environment },
    );
    assert.deepEqual(ended, { outcome: 'cancelled' });
    assert.deepEqual([...filesThere(serving).keys()], ['.gitattributes']);
  });
});
