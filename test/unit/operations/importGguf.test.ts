import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { encodeGguf } from '../../../src/engine/formats/gguf/encode';
import { writeGguf } from '../../../src/engine/formats/gguf/writeGguf';
import type { GgufEntry } from '../../../src/engine/formats/gguf/writeGguf';
import { readTensor } from '../../../src/engine/formats/safetensors';
import { exportAdapter } from '../../../src/engine/operations/export/exportAdapter';
import { importAdapter } from '../../../src/engine/operations/import/importAdapter';
import type { ImportRequest } from '../../../src/run/export';
import { writeTinyAdapter } from '../../tiny/adapter';
import { writeJson, writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';
import { failsWith } from '../formats/scratch';
import { exporting, pieces } from './ggufProject';

async function valuesIn(folder: string): Promise<ReadonlyMap<string, Float32Array>> {
  const { tensors } = await readAdapterFolder(folder);
  return new Map(
    await Promise.all([...tensors].map(async ([name, entry]) => [name, await readTensor(entry)] as const)),
  );
}

const request = (from: string, output: string, baseModel: string | null): ImportRequest => {
  return { from, output, baseModel, overwrite: false };
};

describe('an adapter that goes to GGUF and comes back', () => {
  const families: Readonly<Record<string, readonly string[]>> = {
    llama: ['k_proj', 'q_proj', 'v_proj', 'down_proj'],
    mistral: ['q_proj', 'k_proj'],
    qwen2: ['q_proj', 'up_proj'],
    qwen3: ['k_proj', 'gate_proj'],
    gpt2: ['c_attn', 'c_fc'],
  };
  for (const [family, targets] of Object.entries(families)) {
    test(`is the same file when it goes there again (${family})`, async (t) => {
      const { folder, model, adapter } = await exporting(t, family, targets);
      const [file, again, back] = [path.join(folder, 'a.gguf'), path.join(folder, 'b.gguf'), path.join(folder, 'x')];
      const toGguf = { format: 'gguf-adapter', baseModel: model, overwrite: false };
      await exportAdapter({ ...toGguf, adapter, output: file });
      await mkdir(back);
      const imported = await importAdapter(request(file, path.join(back, path.basename(adapter)), model));
      await exportAdapter({ ...toGguf, adapter: imported.output, output: again });
      assert.ok((await readFile(file)).equals(await readFile(again)));
      const [before, after] = [await valuesIn(adapter), await valuesIn(imported.output)];
      assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
      for (const [name, values] of before) if (name.includes('lora_A')) assert.deepEqual(after.get(name), values, name);
    });
  }

  test('has the same numbers, ranks and strength, whichever base it is shown', async (t) => {
    const folder = await temporaryFolder(t);
    const [base, adapter] = [path.join(folder, 'model'), path.join(folder, 'my')];
    await writeTinyModel(base);
    await writeJson(path.join(base, 'tokenizer.json'), pieces());
    await writeTinyAdapter(adapter, base, {
      target_modules: ['q_proj', 'k_proj', 'down_proj'],
      rank_pattern: { k_proj: 2 },
      lora_alpha: 6,
    });
    const [file, merged] = [path.join(folder, 'my.lora.gguf'), path.join(folder, 'base.gguf')];
    const exported = { adapter, baseModel: base, overwrite: false };
    await exportAdapter({ ...exported, format: 'gguf-adapter', output: file });
    await exportAdapter({ ...exported, format: 'gguf', output: merged });
    const before = await valuesIn(adapter);
    for (const [baseModel, says] of [
      [base, /All 6 layers are in .*model/],
      [merged, /works on the Hugging Face folder of the same model/],
    ] as const) {
      const output = path.join(folder, `from-${path.basename(baseModel)}`);
      const { modules, notes } = await importAdapter(request(file, output, baseModel));
      assert.equal(modules, 6);
      assert.match(notes.join(' '), says);
      assert.deepEqual(await valuesIn(output), before);
      const { config } = await readAdapterFolder(output);
      assert.deepEqual([config.r, config.lora_alpha, config.base_model_name_or_path], [4, 6, baseModel]);
      assert.deepEqual(Object.values(config.rank_pattern), [2, 2]);
    }
  });
});

/** A file with one layer as llama.cpp's own converter writes it: half precision. */
async function oneLayer(
  folder: string,
  name: string,
  metadata: Readonly<Record<string, GgufEntry>> = {},
  [out, inside]: readonly [number, number] = [16, 32],
): Promise<string> {
  const file = path.join(folder, 'one.gguf');
  const entries: Record<string, GgufEntry> = {
    'general.architecture': { text: 'llama' },
    'general.type': { text: 'adapter' },
    'adapter.type': { text: 'lora' },
    'adapter.lora.alpha': { f32: 16 },
    ...metadata,
  };
  const tensor = (end: string, shape: readonly number[]) => ({
    name: name + end,
    shape,
    type: 'F16' as const,
    write: (write: (bytes: Uint8Array) => Promise<void>) =>
      write(
        encodeGguf(
          'F16',
          Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => i / 64),
        ),
      ),
  });
  await writeGguf(file, new Map(Object.entries(entries)), [
    tensor('.lora_a', [2, inside]),
    tensor('.lora_b', [out, 2]),
  ]);
  return file;
}

describe('a GGUF adapter of another program', () => {
  const value = 'blk.0.attn_v.weight';

  test('keeps its precision, names its base and needs none where no rows are reordered', async (t) => {
    const folder = await temporaryFolder(t);
    const url = { text: 'https://huggingface.co/nobody/has-this-model' };
    const file = await oneLayer(folder, value, {
      'general.base_model.0.repo_url': url,
      'adapter.lora.alpha': { f32: 0 },
    });
    const { output, notes } = await importAdapter(request(file, path.join(folder, 'out'), null));
    assert.match(notes.join(' '), /is not on this computer/);
    const { config, tensors } = await readAdapterFolder(output);
    assert.deepEqual(
      [...tensors.values()].map(({ dtype }) => dtype),
      ['F16', 'F16'],
    );
    assert.deepEqual(config.target_modules, ['model.layers.0.self_attn.v_proj']);
    // llama.cpp takes a strength of 0 as a factor of 1.
    assert.deepEqual([config.r, config.lora_alpha], [2, 2]);
    assert.equal(config.base_model_name_or_path, 'nobody/has-this-model');
    assert.match(await readFile(path.join(output, 'README.md'), 'utf8'), /made as GGUF for llama\.cpp/);
    await failsWith('export-output-exists', importAdapter(request(file, output, null)));
  });

  test('is found in a folder that holds nothing but it', async (t) => {
    const folder = await temporaryFolder(t);
    await oneLayer(folder, value);
    const output = await temporaryFolder(t);
    assert.equal((await importAdapter(request(folder, path.join(output, 'a'), null))).modules, 1);
    await writeFile(path.join(folder, 'second.gguf'), '');
    await failsWith('import-source-unknown', importAdapter(request(folder, path.join(output, 'b'), null)));
  });

  test('is not held up by a base that it merely names and that cannot be opened', async (t) => {
    const folder = await temporaryFolder(t);
    const model = path.join(folder, 'hub', 'models--nobody--broken');
    await mkdir(path.join(model, 'refs'), { recursive: true });
    await writeFile(path.join(model, 'refs', 'main'), 'abc');
    await mkdir(path.join(model, 'snapshots', 'abc'), { recursive: true });
    await writeFile(path.join(model, 'snapshots', 'abc', 'config.json'), '{');
    const before = process.env['HF_HUB_CACHE'];
    process.env['HF_HUB_CACHE'] = path.join(folder, 'hub');
    t.after(() => {
      if (before === undefined) delete process.env['HF_HUB_CACHE'];
      else process.env['HF_HUB_CACHE'] = before;
    });
    const url = { 'general.base_model.0.repo_url': { text: 'https://huggingface.co/nobody/broken' } };
    const file = await oneLayer(folder, value, url);
    const { notes } = await importAdapter(request(file, path.join(folder, 'out'), null));
    assert.match(
      notes.join(' '),
      /nobody\/broken cannot be opened \(.+\), so nobody has looked whether the layers fit\.$/,
    );
    await failsWith('json-broken', importAdapter(request(file, path.join(folder, 'other'), 'nobody/broken')));
    const rows = await oneLayer(folder, 'blk.0.attn_q.weight', url);
    await failsWith('json-broken', importAdapter(request(rows, path.join(folder, 'other'), null)));
  });

  test('is refused in words for adapters, not for models', async (t) => {
    const folder = await temporaryFolder(t);
    const output = path.join(folder, 'out');
    const other = await oneLayer(folder, value, { 'general.architecture': { text: 'gemma' } });
    const unknown = await failsWith('gguf-architecture', importAdapter(request(other, output, null)));
    assert.match(unknown.message, /is an adapter for models of the kind "gemma"/);
    assert.match(unknown.hint!, /^Adapters for models of these kinds can be: .*llama/);
    const odd = await oneLayer(folder, value, { 'adapter.lora.alpha': { text: 'strong' } });
    const strength = await failsWith('gguf-adapter-unsupported', importAdapter(request(odd, output, null)));
    assert.match(strength.message, /its strength \(adapter\.lora\.alpha\) is no number/);
  });

  for (const [what, name, metadata, code] of [
    ['an embedding', 'token_embd.weight', {}, 'gguf-adapter-unsupported'],
    ['a norm', 'blk.0.attn_norm.weight', {}, 'gguf-adapter-unsupported'],
    ['a layer of an expert', 'blk.0.ffn_gate_exps.weight', {}, 'gguf-adapter-unsupported'],
    ['a bias', 'blk.0.attn_v.bias', {}, 'gguf-adapter-unsupported'],
    ['another kind of adapter', value, { 'adapter.type': { text: 'dora' } }, 'gguf-adapter-unsupported'],
    ['a negative strength', value, { 'adapter.lora.alpha': { f32: -1 } }, 'gguf-adapter-unsupported'],
    ['another kind of model', value, { 'general.architecture': { text: 'gemma' } }, 'gguf-architecture'],
    ['a whole model', value, { 'general.type': { text: 'model' } }, 'gguf-not-an-adapter'],
    ['rows of heads without the base', 'blk.0.attn_q.weight', {}, 'gguf-adapter-needs-base'],
  ] as const) {
    test(`is refused with ${what}`, async (t) => {
      const folder = await temporaryFolder(t);
      const file = await oneLayer(folder, name, metadata);
      await failsWith(code, importAdapter(request(file, path.join(folder, 'out'), null)));
    });
  }

  test('is refused on a base that it does not fit', async (t) => {
    const folder = await temporaryFolder(t);
    const base = path.join(folder, 'model');
    await writeTinyModel(base);
    for (const [name, metadata, sizes] of [
      ['blk.0.attn_v.weight', {}, [8, 32]],
      ['blk.7.attn_v.weight', {}, [16, 32]],
      ['blk.0.attn_v.weight', { 'general.architecture': { text: 'qwen2' } }, [16, 32]],
    ] as const) {
      const file = await oneLayer(folder, name, metadata, sizes);
      const misfit = await failsWith('adapter-misfit', importAdapter(request(file, path.join(folder, 'out'), base)));
      assert.equal(misfit.hint, 'Give the base model that it was trained on with --base-model.');
    }
    const url = { 'general.base_model.0.repo_url': { text: 'https://huggingface.co/owner/its-own' } };
    const file = await oneLayer(folder, 'blk.7.attn_v.weight', url);
    const misfit = await failsWith('adapter-misfit', importAdapter(request(file, path.join(folder, 'out'), base)));
    assert.match(misfit.hint!, /^The file names "owner\/its-own" as its base model: give that one/);
  });

  test('is no text file, and none that is not there', async (t) => {
    const folder = await temporaryFolder(t);
    const file = path.join(folder, 'adapter.txt');
    await writeFile(file, 'x');
    for (const from of [file, path.join(folder, 'nothing')]) {
      await failsWith('import-source-unknown', importAdapter(request(from, path.join(folder, 'out'), null)));
    }
  });
});
