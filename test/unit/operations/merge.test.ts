import assert from 'node:assert/strict';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import type { AdapterConfig } from '../../../src/engine/formats/adapterConfig';
import { readAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { openModelFolder } from '../../../src/engine/formats/modelFolder';
import {
  readElements,
  readSafetensorsHeader,
  readTensor,
  streamSafetensors,
} from '../../../src/engine/formats/safetensors';
import { readWeightEntry } from '../../../src/engine/formats/weightEntry';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import type { BaseModel } from '../../../src/engine/facts/baseModel';
import type { Adapter, LoraTarget } from '../../../src/engine/lora/adapter';
import { attach } from '../../../src/engine/operations/attached';
import { mergedTensors } from '../../../src/engine/operations/merge/mergedTensors';
import { mergeModel } from '../../../src/engine/operations/merge/mergeModel';
import { proveMerge } from '../../../src/engine/operations/merge/proveMerge';
import { floats } from '../../../src/engine/runtime/runtime';
import type { MergedModel, MergeNews, MergeRequest } from '../../../src/run/merge';
import { writeTinyAdapter } from '../../tiny/adapter';
import { tinyConfig, writeJson, writeTinyModel } from '../../tiny/model';
import type { TinyModelOptions } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

interface Tiny {
  readonly folder: string;
  readonly base: string;
  readonly adapter: string;
  readonly request: MergeRequest;
}

async function tiny(t: TestContext, config: Partial<AdapterConfig> = {}, model: TinyModelOptions = {}): Promise<Tiny> {
  const folder = await temporaryFolder(t);
  const [base, adapter, output] = ['model', 'adapter', 'merged'].map((name) => path.join(folder, name));
  await writeTinyModel(base!, model);
  await writeTinyAdapter(adapter!, base!, config);
  const adapters = [{ folder: adapter!, weight: 1 }];
  const request = { baseModel: base!, adapters, output: output!, dtype: null, overwrite: false };
  return { folder, base: base!, adapter: adapter!, request };
}

async function merge(request: MergeRequest, shardBytes?: number): Promise<MergedModel> {
  const ended = await mergeModel(request, () => undefined, new AbortController().signal, shardBytes);
  assert.equal(ended.outcome, 'finished');
  return ended.model;
}

async function weights(folder: string): Promise<Map<string, Float32Array>> {
  const { tensors } = await openModelFolder(folder);
  return new Map(
    await Promise.all([...tensors].map(async ([name, entry]) => [name, await readWeightEntry(entry)] as const)),
  );
}

const failing = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

test('a GGUF file as the base becomes a model folder in half precision, and is proved', async (t) => {
  const folder = await temporaryFolder(t);
  const base = path.resolve('test/unit/formats/fixtures/gguf/llama.gguf');
  const [adapter, output] = ['adapter', 'merged'].map((name) => path.join(folder, name)) as [string, string];
  await writeTinyAdapter(adapter, base);
  const adapters = [{ folder: adapter, weight: 1 }];
  const model = await merge({ baseModel: null, adapters, output, dtype: null, overwrite: false });
  assert.equal(model.dtype, 'float16');
  assert.ok(model.proof.relative_difference <= model.proof.limit && model.proof.relative_change > 0);
  const [before, after] = [await openBaseModel(base, folder), await openBaseModel(output, folder)];
  assert.deepEqual([...after.model.parameters], [...before.model.parameters]);
});

test('what is merged is W + alpha/r · B·A where a layer is adapted, and the very bytes of the base elsewhere', async (t) => {
  const { base, adapter, request } = await tiny(t);
  const model = await merge(request);
  const [before, after] = [await weights(base), await weights(request.output)];
  const { tensors } = await readAdapterFolder(adapter);
  assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
  let changed = 0;
  for (const [name, W] of before) {
    const entries = ['A', 'B'].map((end) => tensors.get(name.replace('.weight', `.lora_${end}.weight`)));
    if (entries[0] === undefined) {
      assert.deepEqual(after.get(name), W, name);
      continue;
    }
    changed++;
    const [A, B] = await Promise.all(entries.map((entry) => readTensor(entry!)));
    const [r, inside] = entries[0].shape as [number, number];
    W.forEach((weight, i) => {
      const [out, at] = [Math.floor(i / inside), i % inside];
      let sum = 0;
      for (let k = 0; k < r; k++) sum += B![out * r + k]! * A![k * inside + at]!;
      assert.ok(Math.abs(after.get(name)![i]! - (weight + 2 * sum)) < 1e-6, name);
    });
  }
  assert.equal(changed, 4);
  assert.equal(model.changed, 4);
  assert.equal(model.dtype, 'float32');
  assert.ok(model.proof.relative_difference < 1e-5, String(model.proof.relative_difference));
  assert.ok(model.proof.relative_change > 0.05);
  assert.equal(model.proof.same_top_token, 1);
  assert.deepEqual(model.notes, []);
});

test('the folder is a model of its own: configuration, tokenizer and a card, and no trace of the work', async (t) => {
  const { base, folder, request } = await tiny(t);
  await writeJson(path.join(base, 'generation_config.json'), { eos_token_id: 2 });
  await writeFile(path.join(base, 'chat_template.jinja'), '{{ messages[0].content }}');
  const model = await merge(request);
  assert.deepEqual((await readdir(request.output)).sort(), [
    'README.md',
    'chat_template.jinja',
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  assert.deepEqual((await readdir(folder)).sort(), ['adapter', 'merged', 'model']);
  assert.deepEqual(JSON.parse(await readFile(path.join(request.output, 'config.json'), 'utf8')), tinyConfig);
  assert.match(await readFile(path.join(request.output, 'README.md'), 'utf8'), /base_model: model\n[^]*- `adapter`\n/);
  assert.ok(model.bytes > 50_000);
});

for (const [dtype, name] of [
  ['BF16', 'bfloat16'],
  ['F16', 'float16'],
] as const) {
  test(`a base model in ${name} stays in ${name}, and what rounding costs is said`, async (t) => {
    const { request } = await tiny(t, {}, { dtype });
    const model = await merge(request);
    const { tensors } = await openModelFolder(request.output);
    assert.deepEqual([...new Set([...tensors.values()].map((entry) => entry.dtype))], [dtype]);
    assert.equal(model.dtype, name);
    assert.ok(model.proof.relative_difference > 1e-6 && model.proof.relative_difference < model.proof.limit);
    assert.match(model.notes.join(), new RegExp(`stored in ${name}, as in the base model: rounding them moves`));
  });
}

test('with --dtype float32 nothing is rounded, and the configuration says so', async (t) => {
  const { request } = await tiny(t, {}, { dtype: 'BF16' });
  const model = await merge({ ...request, dtype: 'float32' });
  const { tensors, config } = await openModelFolder(request.output);
  assert.deepEqual([...new Set([...tensors.values()].map((entry) => entry.dtype))], ['F32']);
  assert.equal(config['torch_dtype'], 'float32');
  assert.ok(model.proof.relative_difference < 1e-5);
});

test('an output layer trained in full no longer shares its weight with the embedding', async (t) => {
  const { base, request } = await tiny(t, { modules_to_save: ['lm_head'] });
  const model = await merge(request);
  const [before, after] = [await weights(base), await weights(request.output)];
  const { config } = await openModelFolder(request.output);
  assert.equal(config['tie_word_embeddings'], false);
  assert.deepEqual(after.get('model.embed_tokens.weight'), before.get('model.embed_tokens.weight'));
  assert.notDeepEqual(after.get('lm_head.weight'), before.get('model.embed_tokens.weight'));
  assert.ok(model.proof.relative_difference < 1e-5);
  assert.match(model.notes.join(), /"tie_word_embeddings": false/);
});

test('an adapter on a shared embedding changes the embedding alone, as when it is attached', async (t) => {
  const { base, request } = await tiny(t, { target_modules: ['embed_tokens', 'q_proj'] });
  const model = await merge(request);
  const [before, after] = [await weights(base), await weights(request.output)];
  assert.notDeepEqual(after.get('model.embed_tokens.weight'), before.get('model.embed_tokens.weight'));
  assert.deepEqual(after.get('lm_head.weight'), before.get('model.embed_tokens.weight'));
  assert.ok(model.proof.relative_difference < 1e-5);
});

test('large models are written in parts with a list of them, and read again', async (t) => {
  const { request } = await tiny(t);
  const model = await merge(request, 20_000);
  const names = (await readdir(request.output)).filter((name) => name.endsWith('.safetensors'));
  assert.equal(names.length, model.shards);
  assert.ok(model.shards > 2);
  const index = JSON.parse(await readFile(path.join(request.output, 'model.safetensors.index.json'), 'utf8')) as {
    metadata: { total_size: number };
  };
  const all = await weights(request.output);
  assert.equal(index.metadata.total_size, 4 * [...all.values()].reduce((sum, { length }) => sum + length, 0));
  await merge({ ...request, output: `${request.output}-whole` });
  assert.deepEqual(await weights(`${request.output}-whole`), all);
});

test('several adapters add up, each as strong as its weight says', async (t) => {
  const { folder, base, adapter, request } = await tiny(t);
  const other = path.join(folder, 'other');
  await writeTinyAdapter(other, base, { r: 2, use_rslora: true, target_modules: ['v_proj', 'down_proj'] }, 7);
  const adapters = [
    { folder: adapter, weight: 0.5 },
    { folder: other, weight: -2 },
  ];
  const model = await merge({ ...request, adapters });
  assert.equal(model.changed, 6);
  const alone = async (one: (typeof adapters)[number]): Promise<Map<string, Float32Array>> => {
    const output = path.join(folder, `alone-${path.basename(one.folder)}`);
    await merge({ ...request, adapters: [one], output });
    return weights(output);
  };
  const [both, first, second, before] = [
    await weights(request.output),
    await alone(adapters[0]!),
    await alone(adapters[1]!),
    await weights(base),
  ];
  for (const [name, W] of before) {
    W.forEach((weight, i) => {
      const sum = first.get(name)![i]! + second.get(name)![i]! - weight;
      assert.ok(Math.abs(both.get(name)![i]! - sum) < 1e-5, name);
    });
  }
});

test('two adapters that both replace a weight are refused', async (t) => {
  const { folder, base, adapter, request } = await tiny(t, { modules_to_save: ['lm_head'] });
  const other = path.join(folder, 'other');
  await writeTinyAdapter(other, base, { target_modules: ['lm_head'] }, 7);
  const adapters = [adapter, other].map((each) => ({ folder: each, weight: 1 }));
  await assert.rejects(merge({ ...request, adapters }), failing('merge-contested'));
});

test('an older model is replaced only with a clear word, base and adapter never', async (t) => {
  const { folder, base, adapter, request } = await tiny(t);
  await merge(request);
  const before = await readFile(path.join(request.output, 'model.safetensors'));
  await assert.rejects(merge({ ...request, dtype: 'float16' }), failing('merge-output-exists'));
  assert.deepEqual(await readFile(path.join(request.output, 'model.safetensors')), before);
  await merge({ ...request, dtype: 'float16', overwrite: true });
  assert.notDeepEqual(await readFile(path.join(request.output, 'model.safetensors')), before);
  for (const output of [base, adapter, folder, path.join(base, 'merged'), path.join(adapter, 'a', 'b')]) {
    await assert.rejects(merge({ ...request, output, overwrite: true }), failing('merge-output-taken'), output);
  }
});

test('a stop leaves nothing behind', async (t) => {
  const { folder, request } = await tiny(t);
  for (const stage of ['writing', 'proving'] as const) {
    const stop = new AbortController();
    const stopIn = (news: MergeNews): void => {
      if (news.stage === stage) stop.abort();
    };
    assert.deepEqual(await mergeModel(request, stopIn, stop.signal), { outcome: 'cancelled' });
    assert.deepEqual((await readdir(folder)).sort(), ['adapter', 'model']);
  }
});

test('the proof finds a model into which nothing was merged', async (t) => {
  const { base, adapter } = await tiny(t);
  const opened = await openBaseModel(base, '/');
  const { adapter: plan, tensors } = await attach(opened, adapter, 1);
  const values = new Map(plan.trainables.map(({ name }) => [name, floats(tensors, name)]));
  const proof = await proveMerge(opened, { adapter: plan, values }, opened, 'bfloat16', () => undefined);
  assert.ok(proof.relative_difference > proof.limit);
  assert.equal(proof.relative_difference, proof.relative_change);
});

test('values beyond half precision are refused, not stored as infinity', async (t) => {
  const { folder, request } = await tiny(t, { lora_alpha: 1e7 }, { dtype: 'F16' });
  await assert.rejects(merge(request), failing('merge-not-finite'));
  await assert.rejects(access(path.join(folder, 'merged')));
});

test('without a base model it is the one that the adapter names, from the folders above it on', async (t) => {
  const { base, folder, request } = await tiny(t);
  const adapter = path.join(folder, 'adapters', 'mine');
  await writeTinyAdapter(adapter, base);
  const file = path.join(adapter, 'adapter_config.json');
  const rename = async (name: string | null): Promise<void> => {
    const config = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeJson(file, { ...config, base_model_name_or_path: name });
  };
  const named = { ...request, baseModel: null, adapters: [{ folder: adapter, weight: 1 }] };
  await rename('./model');
  assert.equal((await merge(named)).base_model, base);
  await rename('./no-such-model');
  await assert.rejects(merge({ ...named, overwrite: true }), failing('base-of-adapter-unknown'));
  await rename(null);
  await assert.rejects(merge({ ...named, overwrite: true }), failing('base-of-adapter-unknown'));
});

test('no more than a part of the largest weight is in memory at once', async (t) => {
  const folder = await temporaryFolder(t);
  const [rows, columns, r] = [60_000, 512, 4];
  const name = 'model.embed_tokens.weight';
  const file = path.join(folder, 'large.safetensors');
  const bytes = 2 * rows * columns;
  await streamSafetensors(file, [
    { name, shape: [rows, columns], dtype: 'BF16', write: (write) => write(new Uint8Array(bytes)) },
  ]);
  const target: LoraTarget = {
    path: 'model.embed_tokens',
    kind: 'embedding',
    r,
    alpha: r,
    scaling: 1,
    inFeatures: rows,
    outFeatures: columns,
    fanInFanOut: false,
  };
  const tensor = (role: 'lora_embedding_A' | 'lora_embedding_B', ...shape: number[]) => ({
    name: `model.embed_tokens.${role}`,
    shape,
    role,
    target,
  });
  const trainables = [tensor('lora_embedding_A', r, rows), tensor('lora_embedding_B', columns, r)];
  const values = new Map(
    trainables.map((one) => [one.name, new Float32Array(one.shape[0]! * one.shape[1]!).fill(0.5)]),
  );
  const { tensors: weightsOfBase } = await readSafetensorsHeader(file);
  const base = {
    model: { parameters: new Map([[name, [rows, columns]]]), tied: new Map() },
    weights: weightsOfBase,
  } as unknown as BaseModel;
  const adapter = { targets: [target], trainables } as unknown as Adapter;
  let highest = 0;
  const before = process.memoryUsage().arrayBuffers;
  const { tensors } = mergedTensors(base, { adapter, values }, null, () => {
    highest = Math.max(highest, process.memoryUsage().arrayBuffers - before);
  });
  await streamSafetensors(path.join(folder, 'merged.safetensors'), tensors);
  assert.ok(highest < bytes, `${highest} bytes at once for a weight of ${bytes}`);
  const { tensors: written } = await readSafetensorsHeader(path.join(folder, 'merged.safetensors'));
  assert.deepEqual(await readElements(written.get(name)!, 1234, 3), Float32Array.of(1, 1, 1));
});
