import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { hubCacheFolder, looksLikeHubId } from '../../../src/engine/formats/hubCache';
import { openModelFolder, tokenizerFilesOf, writeModelFolder } from '../../../src/engine/formats/modelFolder';
import { readBytes, writeSafetensors } from '../../../src/engine/formats/safetensors';
import type { TensorEntry } from '../../../src/engine/formats/safetensors';
import { readWeightEntry } from '../../../src/engine/formats/weightEntry';
import { failsWith, scratchFolder, skipWithoutTestData, someFloats, testData } from './scratch';

/** A folder with these files; objects are written as JSON. */
async function folderWith(t: TestContext, files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = path.join(await scratchFolder(t), 'model');
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

const config = { model_type: 'llama', hidden_size: 2 };
const tensor = (name: string, seed: number) => ({ name, shape: [2, 3], data: someFloats(6, seed) });

async function writeShards(folder: string): Promise<void> {
  await writeSafetensors(path.join(folder, 'model-00001-of-00002.safetensors'), [tensor('a', 1), tensor('b', 2)]);
  await writeSafetensors(path.join(folder, 'model-00002-of-00002.safetensors'), [tensor('c', 3)]);
}

/** Runs `work` with these variables set, as a user's shell would set them. */
async function withEnvironment(variables: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
  const names = ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HOME', 'XDG_CACHE_HOME'];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, variables);
  try {
    await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}

describe('a model folder', () => {
  test('that a killed writer left beside its place is read there, and nothing is moved', async (t) => {
    const folder = await folderWith(t, { 'config.json': config });
    await writeSafetensors(path.join(folder, 'model.safetensors'), [tensor('a', 1)]);
    const parent = path.dirname(folder);
    await rename(folder, path.join(parent, '.model.replaced.4194305.01234567-89ab-cdef-0123-456789abcdef'));
    const before = await readdir(parent, { recursive: true });
    assert.deepEqual((await openModelFolder(folder)).config, config);
    assert.deepEqual(await readdir(parent, { recursive: true }), before);
  });

  test('with one weights file is opened', async (t) => {
    const folder = await folderWith(t, {
      'config.json': config,
      'generation_config.json': { eos_token_id: 2 },
      'tokenizer.json': {},
      'tokenizer_config.json': { eos_token: '</s>' },
    });
    await writeSafetensors(path.join(folder, 'model.safetensors'), [tensor('a', 1)]);
    const model = await openModelFolder(folder);
    assert.equal(model.path, folder);
    assert.deepEqual(model.config, config);
    assert.deepEqual(model.generationConfig, { eos_token_id: 2 });
    assert.equal(model.tokenizerFile, path.join(folder, 'tokenizer.json'));
    assert.deepEqual(model.tokenizerConfig, { eos_token: '</s>' });
    assert.equal(model.chatTemplate, undefined);
    assert.deepEqual(await readWeightEntry(model.tensors.get('a')!), someFloats(6, 1));
  });

  test('is found relative to the given folder, and below ~', async (t) => {
    const folder = await folderWith(t, { 'config.json': config });
    await writeSafetensors(path.join(folder, 'model.safetensors'), [tensor('a', 1)]);
    assert.equal((await openModelFolder('./model', path.dirname(folder))).path, folder);
    const fromHome = `~/${path.relative(homedir(), folder)}`;
    assert.equal((await openModelFolder(fromHome)).path, folder);
  });

  test('without the optional files is opened too, and a byte order mark does no harm', async (t) => {
    const folder = await folderWith(t, { 'config.json': `\uFEFF${JSON.stringify(config)}` });
    await writeSafetensors(path.join(folder, 'model.safetensors'), []);
    const model = await openModelFolder(folder);
    assert.deepEqual(model.config, config);
    assert.deepEqual(
      [model.generationConfig, model.tokenizerFile, model.tokenizerConfig, model.chatTemplate],
      [undefined, undefined, undefined, undefined],
    );
  });

  for (const [name, files, expected] of [
    ['a text in tokenizer_config.json', { 'tokenizer_config.json': { chat_template: 'A' } }, 'A'],
    [
      'the default of a list',
      {
        'tokenizer_config.json': {
          chat_template: [
            { name: 'rag', template: 'R' },
            { name: 'default', template: 'D' },
          ],
        },
      },
      'D',
    ],
    ['the only one of a list', { 'tokenizer_config.json': { chat_template: [{ name: 'x', template: 'X' }] } }, 'X'],
    [
      'none of a list without default',
      { 'tokenizer_config.json': { chat_template: [{ name: 'x' }, { name: 'y' }] } },
      undefined,
    ],
    [
      'chat_template.jinja, which comes first',
      { 'tokenizer_config.json': { chat_template: 'A' }, 'chat_template.jinja': 'J' },
      'J',
    ],
  ] as const) {
    test(`has as chat template ${name}`, async (t) => {
      const folder = await folderWith(t, { 'config.json': config, ...files });
      await writeSafetensors(path.join(folder, 'model.safetensors'), []);
      assert.equal((await openModelFolder(folder)).chatTemplate, expected);
    });
  }

  test('in shards is opened as one', async (t) => {
    const shard = (n: number): string => `model-0000${n}-of-00002.safetensors`;
    const index = { metadata: { total_size: 72 }, weight_map: { a: shard(1), b: shard(1), c: shard(2) } };
    const folder = await folderWith(t, { 'config.json': config, 'model.safetensors.index.json': index });
    await writeShards(folder);
    const { tensors } = await openModelFolder(folder);
    assert.deepEqual([...tensors.keys()], ['a', 'b', 'c']);
    for (const [name, seed] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const) {
      assert.deepEqual(await readWeightEntry(tensors.get(name)!), someFloats(6, seed));
    }
  });

  for (const { name, code, weightMap } of [
    {
      name: 'that names a missing shard',
      code: 'model-shard-missing',
      weightMap: { a: 'model-00003-of-00003.safetensors' },
    },
    {
      name: 'that puts a tensor into the wrong shard',
      code: 'model-index-mismatch',
      weightMap: { c: 'model-00001-of-00002.safetensors' },
    },
    {
      name: 'that points out of the folder',
      code: 'model-index-broken',
      weightMap: { a: '../model-00001-of-00002.safetensors' },
    },
    { name: 'with a number for a file', code: 'model-index-broken', weightMap: { a: 1 } },
    { name: 'without weight_map', code: 'model-index-broken', weightMap: undefined },
  ]) {
    test(`with an index ${name} is refused (${code})`, async (t) => {
      const folder = await folderWith(t, {
        'config.json': config,
        'model.safetensors.index.json': { weight_map: weightMap },
      });
      await writeShards(folder);
      const failure = await failsWith(code, openModelFolder(folder));
      assert.match(failure.place?.path ?? 'weight_map', /^weight_map/);
    });
  }

  for (const weights of [
    'pytorch_model.bin',
    'pytorch_model-00001-of-00002.bin',
    'consolidated.00.pth',
    'tf_model.h5',
  ]) {
    test(`with its weights only in ${weights} is refused with the way to convert it`, async (t) => {
      const folder = await folderWith(t, { 'config.json': config, [weights]: 'x' });
      const failure = await failsWith('model-pickle-only', openModelFolder(folder));
      assert.match(failure.message, new RegExp(weights));
      assert.match(failure.hint ?? '', /save_pretrained\("new-folder"\)\.$/);
    });
  }

  test('that holds both is opened by its safetensors file', async (t) => {
    const folder = await folderWith(t, { 'config.json': config, 'pytorch_model.bin': 'x' });
    await writeSafetensors(path.join(folder, 'model.safetensors'), [tensor('a', 1)]);
    assert.deepEqual([...(await openModelFolder(folder)).tensors.keys()], ['a']);
  });

  test('whose config.json is broken is refused with the line', async (t) => {
    const folder = await folderWith(t, { 'config.json': '{\n  "model_type": "llama"\n  "hidden_size": 2\n}' });
    const failure = await failsWith('json-broken', openModelFolder(folder));
    assert.deepEqual(failure.place, { file: path.join(folder, 'config.json'), line: 3 });
    assert.match(failure.message, /comma expected in line 3/);
  });

  test('whose config.json ends too early, or is no object, is refused', async (t) => {
    const cut = await folderWith(t, { 'config.json': '{\n  "model_type": "lla' });
    assert.equal((await failsWith('json-broken', openModelFolder(cut))).place?.line, 2);
    const empty = await folderWith(t, { 'config.json': '' });
    assert.equal((await failsWith('json-broken', openModelFolder(empty))).place?.line, 1);
    await failsWith('json-not-an-object', openModelFolder(await folderWith(t, { 'config.json': '[1]' })));
  });

  test('whose config.json is a folder is refused', async (t) => {
    const folder = await folderWith(t, {});
    await mkdir(path.join(folder, 'config.json'));
    await failsWith('file-unreadable', openModelFolder(folder));
  });

  test('that lacks its config or its weights is refused', async (t) => {
    await failsWith('model-config-missing', openModelFolder(await folderWith(t, {})));
    await failsWith('model-weights-missing', openModelFolder(await folderWith(t, { 'config.json': config })));
  });

  test('that is an adapter is refused with the name of its base model', async (t) => {
    const folder = await folderWith(t, { 'adapter_config.json': { base_model_name_or_path: 'org/base' } });
    const failure = await failsWith('model-is-an-adapter', openModelFolder(folder));
    assert.match(failure.hint ?? '', /"org\/base".*init_from/);
    await failsWith('model-is-an-adapter', openModelFolder(await folderWith(t, { 'adapter_config.json': {} })));
  });

  test('named by one of its files is refused', async (t) => {
    const folder = await folderWith(t, { 'model.safetensors': '' });
    await failsWith('model-is-a-file', openModelFolder(path.join(folder, 'model.safetensors')));
  });

  test('that does not exist is refused with the place where it was looked for', async (t) => {
    const folder = await scratchFolder(t);
    const failure = await failsWith('model-missing', openModelFolder('./nowhere', folder));
    assert.match(failure.hint ?? '', new RegExp(path.join(folder, 'nowhere')));
  });
});

describe('a hub id', () => {
  test('is told from a path', () => {
    for (const id of ['org/name', 'HuggingFaceTB/SmolLM2-135M', 'gpt2']) assert.ok(looksLikeHubId(id), id);
    for (const text of ['./model', '/model', '../a', 'a/b/c', '~/a', 'C:\\a', 'a\\b', '', 'a/', 'a--b', 'a..b/c']) {
      assert.ok(!looksLikeHubId(text), text);
    }
  });

  test('is looked up where huggingface_hub keeps its cache', () => {
    assert.equal(hubCacheFolder({ HF_HUB_CACHE: '/a', HF_HOME: '/b' }), path.resolve('/a'));
    assert.equal(hubCacheFolder({ HUGGINGFACE_HUB_CACHE: '/a', HF_HOME: '/b' }), path.resolve('/a'));
    assert.equal(hubCacheFolder({ HF_HOME: '/b', HF_HUB_CACHE: '' }), path.resolve('/b/hub'));
    assert.equal(hubCacheFolder({ XDG_CACHE_HOME: '/c' }), path.resolve('/c/huggingface/hub'));
    assert.equal(hubCacheFolder({}), path.join(homedir(), '.cache', 'huggingface', 'hub'));
  });

  /** A cache with two snapshots of org/name, `1111` being the newer one. */
  async function cacheWith(t: TestContext, main: string | undefined): Promise<string> {
    const home = await scratchFolder(t);
    const model = path.join(home, 'hub', 'models--org--name');
    for (const [hash, year] of [
      ['0000', 2020],
      ['1111', 2021],
      ['2222', 2022],
    ] as const) {
      const snapshot = path.join(model, 'snapshots', hash);
      await mkdir(snapshot, { recursive: true });
      if (hash === '2222') continue; // only begun: no config.json
      await writeFile(path.join(snapshot, 'config.json'), JSON.stringify(config));
      await utimes(path.join(snapshot, 'config.json'), new Date(year, 1), new Date(year, 1));
      await writeSafetensors(path.join(snapshot, 'model.safetensors'), []);
    }
    if (main !== undefined) {
      await mkdir(path.join(model, 'refs'));
      await writeFile(path.join(model, 'refs', 'main'), `${main}\n`);
    }
    return home;
  }

  for (const [name, main, hash] of [
    ['the snapshot of refs/main', '0000', '0000'],
    ['the newest snapshot without refs/main', undefined, '1111'],
    ['the newest snapshot when refs/main names none', 'ffff', '1111'],
  ] as const) {
    test(`opens ${name}`, async (t) => {
      const home = await cacheWith(t, main);
      await withEnvironment({ HF_HOME: home }, async () => {
        const model = await openModelFolder('org/name', await scratchFolder(t));
        assert.equal(path.basename(model.path), hash);
      });
    });
  }

  test('gives way to a folder of that name', async (t) => {
    const home = await cacheWith(t, '0000');
    const parent = await scratchFolder(t);
    await writeModelFolder(path.join(parent, 'org', 'name'), { config, tensors: [tensor('mine', 1)], copyFrom: [] });
    await withEnvironment({ HF_HOME: home }, async () => {
      assert.deepEqual([...(await openModelFolder('org/name', parent)).tensors.keys()], ['mine']);
    });
  });

  test('that was not downloaded is refused with what to do', async (t) => {
    const home = await cacheWith(t, '0000');
    await withEnvironment({ HF_HOME: home }, async () => {
      const failure = await failsWith('model-not-in-hub-cache', openModelFolder('org/other', home));
      assert.match(failure.hint ?? '', /download org\/other/);
      assert.match(failure.hint ?? '', /models--org--other/);
    });
  });
});

describe('a written model folder', () => {
  test('is opened again, with its tokenizer', async (t) => {
    const source = await folderWith(t, {
      'config.json': { model_type: 'other' },
      'tokenizer.json': { version: '1.0' },
      'tokenizer_config.json': { chat_template: 'T' },
      'unrelated.txt': '',
    });
    const copyFrom = await tokenizerFilesOf(source);
    assert.deepEqual(
      copyFrom.map((file) => path.basename(file)),
      ['tokenizer.json', 'tokenizer_config.json'],
    );
    const folder = path.join(path.dirname(source), 'out', 'new');
    const generationConfig = { eos_token_id: 2 };
    await writeModelFolder(folder, { config, generationConfig, tensors: [tensor('a', 1)], copyFrom });
    assert.deepEqual((await readdir(folder)).sort(), [
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const model = await openModelFolder(folder);
    assert.deepEqual([model.config, model.generationConfig, model.chatTemplate], [config, generationConfig, 'T']);
    assert.deepEqual(await readWeightEntry(model.tensors.get('a')!), someFloats(6, 1));
  });

  test('replaces an older one with all of its shards, and takes its tokenizer along', async (t) => {
    const folder = await folderWith(t, {
      'config.json': {},
      'model.safetensors.index.json': {},
      'tokenizer.json': '"old"',
    });
    await writeShards(folder);
    await writeModelFolder(folder, { config, tensors: [tensor('a', 1)], copyFrom: await tokenizerFilesOf(folder) });
    assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'model.safetensors', 'tokenizer.json']);
    assert.equal(await readFile(path.join(folder, 'tokenizer.json'), 'utf8'), '"old"');
  });

  test('does not replace anything else', async (t) => {
    const folder = await folderWith(t, { 'thesis.txt': '' });
    await failsWith('output-holds-other-files', writeModelFolder(folder, { config, tensors: [], copyFrom: [] }));
    const missing = path.join(folder, 'tokenizer.json');
    await failsWith(
      'file-missing',
      writeModelFolder(path.join(folder, 'new'), { config, tensors: [], copyFrom: [missing] }),
    );
    assert.deepEqual(await readdir(folder), ['thesis.txt']);
  });
});

describe('real models', { skip: skipWithoutTestData }, () => {
  for (const [name, count, dtype] of [
    ['stories260K', 47, 'F32'],
    ['TinyStories-656K', 20, 'BF16'],
    ['stories15M', 56, 'F16'],
  ] as const) {
    test(`${name} opens, is written in its dtype and opens again with the same bytes`, async (t) => {
      const model = await openModelFolder(testData('models', name));
      assert.equal(model.config['model_type'], 'llama');
      assert.equal(model.tensors.size, count);
      const entries = [...model.tensors.values()];
      const tensors = [];
      for (const entry of entries) {
        assert.equal(entry.dtype, dtype);
        tensors.push({ name: entry.name, shape: entry.shape, data: await readWeightEntry(entry), dtype });
      }
      const folder = path.join(await scratchFolder(t), name);
      const copyFrom = await tokenizerFilesOf(model.path);
      await writeModelFolder(folder, { config: model.config, tensors, copyFrom });
      const copy = await openModelFolder(folder);
      assert.deepEqual(copy.config, model.config);
      assert.ok(copy.tokenizerFile !== undefined);
      for (const entry of entries) {
        const written = copy.tensors.get(entry.name)!;
        assert.deepEqual(written.shape, entry.shape);
        assert.ok(
          Buffer.from(await readBytes(written as TensorEntry)).equals(await readBytes(entry as TensorEntry)),
          entry.name,
        );
      }
    });
  }
});
