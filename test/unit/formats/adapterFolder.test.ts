import assert from 'node:assert/strict';
import { cp, mkdir, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { adapterConfigDefaults } from '../../../src/engine/formats/adapterConfig';
import type { AdapterConfig } from '../../../src/engine/formats/adapterConfig';
import { readAdapterFolder, writeAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { readTensor, writeSafetensors } from '../../../src/engine/formats/safetensors';
import type { TensorToWrite } from '../../../src/engine/formats/safetensors';
import { failsWith, fixture, scratchFolder, someFloats } from './scratch';

const config: AdapterConfig = {
  ...adapterConfigDefaults,
  task_type: 'CAUSAL_LM',
  base_model_name_or_path: 'org/base',
  r: 2,
  lora_alpha: 4,
  target_modules: ['q_proj'],
};

const q = 'model.layers.0.self_attn.q_proj';
const tensors: TensorToWrite[] = [
  { name: `${q}.lora_A.weight`, shape: [2, 8], data: someFloats(16, 1) },
  { name: `${q}.lora_B.weight`, shape: [6, 2], data: someFloats(12, 2) },
];

/** A copy of the adapter that PEFT itself saved under this name; `change` edits its configuration. */
async function peftAdapter(
  t: TestContext,
  name: string,
  change: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = path.join(await scratchFolder(t), 'adapter');
  await cp(fixture(name), folder, { recursive: true });
  const file = path.join(folder, 'adapter_config.json');
  const original = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...original, ...change }));
  return folder;
}

async function adapterWithTensors(t: TestContext, stored: readonly TensorToWrite[]): Promise<string> {
  const folder = await peftAdapter(t, 'peft-plain');
  await writeSafetensors(path.join(folder, 'adapter_model.safetensors'), stored);
  return folder;
}

describe('an adapter that PEFT saved', () => {
  test('is read with its settings, and its tensors by the names of the modules', async () => {
    const adapter = await readAdapterFolder(fixture('peft-plain'));
    assert.deepEqual(
      { ...adapter.config, target_modules: [] },
      { ...config, base_model_name_or_path: 'tiny-llama', target_modules: [] },
    );
    // PEFT writes a set: its order is chance.
    assert.deepEqual(new Set(adapter.config.target_modules), new Set(['q_proj', 'v_proj']));
    const layer = (n: number): string[] =>
      ['q', 'v'].flatMap((p) => ['A', 'B'].map((ab) => `model.layers.${n}.self_attn.${p}_proj.lora_${ab}.weight`));
    assert.deepEqual([...adapter.tensors.keys()].sort(), [...layer(0), ...layer(1)]);
    assert.deepEqual(adapter.tensors.get(`${q}.lora_A.weight`)?.shape, [2, 8]);
    assert.equal((await readTensor(adapter.tensors.get(`${q}.lora_A.weight`)!)).length, 16);
  });

  test('has biases and replaced modules under the names of the base model', async () => {
    const biases = await readAdapterFolder(fixture('peft-bias-all'));
    assert.equal(biases.config.bias, 'all');
    assert.equal(biases.config.use_rslora, true);
    for (const projection of ['q', 'k', 'v', 'o']) {
      assert.ok(biases.tensors.has(`model.layers.1.self_attn.${projection}_proj.bias`), projection);
    }
    const head = await readAdapterFolder(fixture('peft-lm-head'));
    assert.deepEqual(head.tensors.get('lm_head.weight')?.shape, [16, 8]);
    assert.deepEqual(head.config.modules_to_save, ['lm_head']);
    assert.equal(head.config.target_modules, '.*\\.(up|down)_proj');
    assert.deepEqual([head.config.rank_pattern, head.config.alpha_pattern], [{ up_proj: 3 }, { up_proj: 9.5 }]);
    assert.deepEqual(head.tensors.get('model.layers.0.mlp.up_proj.lora_A.weight')?.shape, [3, 8]);
    const embedding = await readAdapterFolder(fixture('peft-embedding'));
    assert.deepEqual(embedding.tensors.get('model.embed_tokens.lora_embedding_A')?.shape, [2, 16]);
    assert.deepEqual(embedding.tensors.get('model.embed_tokens.lora_embedding_B')?.shape, [8, 2]);
    assert.ok(embedding.tensors.has('model.embed_tokens.weight'));
  });

  for (const name of ['peft-plain', 'peft-bias-all', 'peft-lm-head', 'peft-embedding']) {
    test(`${name} is written again with exactly PEFT's bytes`, async (t) => {
      const adapter = await readAdapterFolder(fixture(name));
      const read = [...adapter.tensors].map(async ([tensor, entry]) => ({
        name: tensor,
        shape: entry.shape,
        data: await readTensor(entry),
      }));
      const folder = path.join(await scratchFolder(t), 'copy');
      await writeAdapterFolder(folder, {
        config: adapter.config,
        tensors: await Promise.all(read),
        modelCard: '# Card\n',
      });
      assert.deepEqual(
        await readFile(path.join(folder, 'adapter_model.safetensors')),
        await readFile(fixture(name, 'adapter_model.safetensors')),
      );
      const parse = async (file: string): Promise<Record<string, unknown>> =>
        JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
      const written = await parse(path.join(folder, 'adapter_config.json'));
      const original = await parse(fixture(name, 'adapter_config.json'));
      assert.deepEqual(written, Object.fromEntries(Object.keys(written).map((key) => [key, original[key]])));
      assert.deepEqual(Object.keys(written), Object.keys(written).sort());
    });
  }
});

describe('adapter_config.json', () => {
  for (const [key, value] of [
    ['some_future_key', null],
    ['some_future_key', false],
    ['some_future_key', 0],
    ['some_future_key', []],
    ['some_future_key', {}],
    ['some_future_key', ''],
    ['megatron_core', 'megatron.core'],
    ['peft_version', '9.0.0'],
  ] as const) {
    test(`may hold ${key}: ${JSON.stringify(value)}`, async (t) => {
      assert.equal((await readAdapterFolder(await peftAdapter(t, 'peft-plain', { [key]: value }))).config.r, 2);
    });
  }

  for (const [key, value] of [
    ['some_future_key', true],
    ['some_future_key', { a: 1 }],
    ['use_dora', true],
    ['lora_bias', true],
    ['target_parameters', ['mlp.experts']],
    ['trainable_token_indices', [1]],
    ['layer_replication', [[0, 2]]],
    ['alora_invocation_tokens', [1]],
  ] as const) {
    test(`may not set ${key} to ${JSON.stringify(value)}`, async (t) => {
      const folder = await peftAdapter(t, 'peft-plain', { [key]: value });
      const failure = await failsWith('adapter-setting-unsupported', readAdapterFolder(folder));
      assert.match(failure.message, new RegExp(`"${key}"`));
      assert.equal(failure.place?.path, key);
    });
  }

  for (const [key, value] of [
    ['r', 0],
    ['r', 1.5],
    ['r', null],
    ['lora_alpha', '16'],
    ['lora_alpha', null],
    ['lora_dropout', 2],
    ['target_modules', [1]],
    ['bias', 'some'],
    ['rank_pattern', { q_proj: 0 }],
    ['alpha_pattern', []],
    ['layers_to_transform', [-1]],
    ['modules_to_save', 'lm_head'],
    ['use_rslora', 'yes'],
    ['init_lora_weights', 3],
    ['peft_type', 7],
    ['task_type', 7],
  ] as const) {
    test(`may not have ${JSON.stringify(value)} as ${key}`, async (t) => {
      const folder = await peftAdapter(t, 'peft-plain', { [key]: value });
      const failure = await failsWith('adapter-setting-invalid', readAdapterFolder(folder));
      assert.equal(failure.place?.path, key);
    });
  }

  test('of another method is refused', async (t) => {
    const folder = await peftAdapter(t, 'peft-plain', { peft_type: 'IA3' });
    assert.match((await failsWith('adapter-type-unsupported', readAdapterFolder(folder))).message, /IA3/);
  });

  test('of an old PEFT, with few keys and nulls, has defaults for the rest', async (t) => {
    const folder = await peftAdapter(t, 'peft-plain');
    const old = {
      peft_type: 'LORA',
      r: 2,
      lora_alpha: 4,
      target_modules: ['q_proj'],
      rank_pattern: null,
      enable_lora: null,
    };
    await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify(old));
    const read = (await readAdapterFolder(folder)).config;
    assert.deepEqual(read, { ...adapterConfigDefaults, r: 2, lora_alpha: 4, target_modules: ['q_proj'] });
  });

  test('that is broken is refused with the line', async (t) => {
    const folder = await peftAdapter(t, 'peft-plain');
    await writeFile(path.join(folder, 'adapter_config.json'), '{\n"r": }');
    assert.equal((await failsWith('json-broken', readAdapterFolder(folder))).place?.line, 2);
  });
});

describe('an adapter folder', () => {
  test('that is missing, or lacks a file, is refused', async (t) => {
    const folder = await peftAdapter(t, 'peft-plain');
    await failsWith('adapter-missing', readAdapterFolder(path.join(folder, 'no')));
    await failsWith('adapter-missing', readAdapterFolder(path.join(folder, 'adapter_config.json')));
    await failsWith('adapter-config-missing', readAdapterFolder(path.dirname(folder)));
    await rm(path.join(folder, 'adapter_model.safetensors'));
    await failsWith('adapter-weights-missing', readAdapterFolder(folder));
    await writeFile(path.join(folder, 'adapter_model.bin'), 'pickle');
    const failure = await failsWith('adapter-pickle-only', readAdapterFolder(folder));
    assert.match(failure.hint ?? '', /save_pretrained/);
  });

  test('with a truncated weights file is refused', async (t) => {
    const folder = await peftAdapter(t, 'peft-plain');
    await truncate(path.join(folder, 'adapter_model.safetensors'), 1400);
    await failsWith('safetensors-truncated', readAdapterFolder(folder));
  });

  const a = { name: `base_model.model.${q}.lora_A.weight`, shape: [2, 8], data: someFloats(16) };
  const b = { name: `base_model.model.${q}.lora_B.weight`, shape: [6, 2], data: someFloats(12) };
  for (const { name, code, stored, says } of [
    { name: 'with A but no B', code: 'adapter-pair-broken', stored: [a], says: /lora_B\.weight is missing/ },
    { name: 'with B but no A', code: 'adapter-pair-broken', stored: [b], says: /lora_A\.weight is missing/ },
    {
      name: 'whose A and B have two ranks',
      code: 'adapter-pair-broken',
      stored: [a, { ...b, shape: [4, 3] }],
      says: /\[2, 8\].*\[4, 3\]/,
    },
    {
      name: 'with an embedding A alone',
      code: 'adapter-pair-broken',
      stored: [{ ...a, name: 'base_model.model.embed.lora_embedding_A' }],
      says: /lora_embedding_B is missing/,
    },
    {
      name: 'with DoRA magnitudes',
      code: 'adapter-tensor-unknown',
      stored: [a, b, { name: `base_model.model.${q}.lora_magnitude_vector`, shape: [1], data: someFloats(1) }],
      says: /lora_magnitude_vector/,
    },
    {
      name: "without PEFT's prefix",
      code: 'adapter-tensor-unknown',
      stored: [{ ...a, name: `${q}.lora_A.weight` }],
      says: /q_proj/,
    },
    { name: 'without any tensor', code: 'adapter-empty', stored: [], says: /no LoRA weights/ },
  ]) {
    test(`${name} is refused (${code})`, async (t) => {
      const failure = await failsWith(code, readAdapterFolder(await adapterWithTensors(t, stored)));
      assert.match(failure.message, says);
    });
  }

  test('that a kill left half replaced is put right by reading it', async (t) => {
    const folder = await peftAdapter(t, 'peft-plain');
    await rename(folder, path.join(path.dirname(folder), `.adapter.replaced.1.00000000-0000-4000-8000-000000000000`));
    assert.equal((await readAdapterFolder(folder)).config.r, 2);
  });
});

describe('a written adapter', () => {
  test('has the three files, in inference mode, and the same bytes each time', async (t) => {
    const folder = path.join(await scratchFolder(t), 'adapters', 'mine');
    await writeAdapterFolder(folder, { config: { ...config, inference_mode: false }, tensors, modelCard: '# Mine\n' });
    const names = ['README.md', 'adapter_config.json', 'adapter_model.safetensors'];
    assert.deepEqual((await readdir(folder)).sort(), names);
    const first = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
    const again = { config, tensors: [...tensors].reverse(), modelCard: '# Mine\n' };
    await writeAdapterFolder(folder, again);
    assert.deepEqual(await Promise.all(names.map((name) => readFile(path.join(folder, name)))), first);
    assert.deepEqual((await readAdapterFolder(folder)).config, { ...config, inference_mode: true });
  });

  test('keeps foreign files of the older adapter, but not its pickle', async (t) => {
    const folder = await peftAdapter(t, 'peft-plain');
    await writeFile(path.join(folder, 'notes.md'), 'mine');
    await writeFile(path.join(folder, 'adapter_model.bin'), 'old');
    await writeAdapterFolder(folder, { config, tensors, modelCard: '' });
    assert.deepEqual((await readdir(folder)).sort(), [
      'README.md',
      'adapter_config.json',
      'adapter_model.safetensors',
      'notes.md',
    ]);
  });

  test('never replaces a folder of other things', async (t) => {
    const folder = path.join(await scratchFolder(t), 'home');
    await mkdir(folder);
    await writeFile(path.join(folder, 'thesis.txt'), '');
    await failsWith('output-holds-other-files', writeAdapterFolder(folder, { config, tensors, modelCard: '' }));
    assert.deepEqual(await readdir(folder), ['thesis.txt']);
  });
});
