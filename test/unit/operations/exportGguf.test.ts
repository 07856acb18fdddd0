import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { openBaseModel, openModelTokenizer, readWeight } from '../../../src/engine/facts/baseModel';
import { readAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { readGguf } from '../../../src/engine/formats/gguf/readGguf';
import { readGgufWeight } from '../../../src/engine/formats/gguf/weights';
import { float16ToFloat32, float32ToFloat16 } from '../../../src/engine/formats/halfPrecision';
import { readTensor } from '../../../src/engine/formats/safetensors';
import { mergedDelta } from '../../../src/engine/lora/merge';
import { attach } from '../../../src/engine/operations/attached';
import { exportAdapter } from '../../../src/engine/operations/export/exportAdapter';
import { writeJson } from '../../tiny/model';
import { failsWith } from '../formats/scratch';
import { exporting, pieces } from './ggufProject';
import type { Exporting } from './ggufProject';

/** Base weights and adapter added up, in Hugging Face's order. */
async function merged({ model, adapter: folder }: Exporting): Promise<ReadonlyMap<string, Float32Array>> {
  const base = await openBaseModel(model, '.');
  const { adapter, tensors } = await attach(base, folder, 1);
  const weights = new Map<string, Float32Array>();
  for (const name of base.model.parameters.keys()) {
    const target = adapter.targets.find(({ path: at }) => `${at}.weight` === name);
    const weight = await readWeight(base, name);
    if (target !== undefined) {
      const part = (end: string): Float32Array => tensors[`${target.path}.lora_${end}.weight`]!.data as Float32Array;
      const delta = mergedDelta(target, part('A'), part('B'));
      weight.forEach((value, i) => (weight[i] = value + delta[i]!));
    }
    weights.set(name, weight);
  }
  return weights;
}

const families: Readonly<Record<string, readonly string[]>> = {
  llama: ['k_proj', 'q_proj', 'v_proj', 'down_proj'],
  'llama-biases': ['q_proj', 'o_proj'],
  mistral: ['q_proj', 'k_proj'],
  qwen2: ['q_proj', 'up_proj'],
  qwen3: ['k_proj', 'gate_proj'],
  gpt2: ['c_attn', 'c_fc'],
};

for (const [family, targets] of Object.entries(families)) {
  describe(`a ${family} adapter`, () => {
    test('merged into its base as GGUF is, read again, base and adapter added up', async (t) => {
      const project = await exporting(t, family, targets);
      const output = path.join(project.folder, 'out', 'merged.gguf');
      const request = { adapter: project.adapter, baseModel: null, output, overwrite: false };
      const exported = await exportAdapter({ ...request, format: 'gguf' });
      assert.deepEqual(await readdir(path.dirname(output)), ['merged.gguf']);
      assert.equal(exported.output, output);
      const read = await openBaseModel(output, '.');
      const base = await openBaseModel(project.model, '.');
      assert.deepEqual([...read.model.parameters], [...base.model.parameters]);
      const { windows } = base.model.numbers;
      assert.deepEqual({ ...read.model.numbers, windows }, base.model.numbers);
      assert.equal(read.model.contextLength, base.model.contextLength);
      for (const [name, weight] of await merged(project)) {
        const isHalf = read.weights.get(name)!.dtype === 'F16';
        assert.equal(isHalf, base.model.parameters.get(name)!.length > 1 && !name.includes('wpe'), name);
        const expected = isHalf ? float16ToFloat32(float32ToFloat16(weight)) : weight;
        assert.deepEqual(await readWeight(read, name), expected, name);
      }
      const [tokenizer, original] = [await openModelTokenizer(read), await openModelTokenizer(base)];
      for (const text of ['ab abc', ' cab', '</s>ab']) assert.deepEqual(tokenizer.encode(text), original.encode(text));
      assert.equal(tokenizer.eosId, 2);
      assert.equal(read.folder.chatTemplate, base.folder.chatTemplate);

      await failsWith('export-output-exists', exportAdapter({ ...request, format: 'gguf' }));
      const { bytes } = await exportAdapter({ ...request, format: 'gguf-q8_0', overwrite: true });
      assert.ok(bytes <= exported.bytes);

      await exportAdapter({ ...request, format: 'gguf-f32', overwrite: true });
      const whole = await openBaseModel(output, '.');
      for (const [name, weight] of await merged(project)) assert.deepEqual(await readWeight(whole, name), weight, name);
    });

    test('as GGUF multiplies to what it multiplies to as a folder', async (t) => {
      const project = await exporting(t, family, targets);
      const output = path.join(project.folder, 'adapter.gguf');
      await exportAdapter({
        format: 'gguf-adapter',
        adapter: project.adapter,
        baseModel: project.model,
        output,
        overwrite: false,
      });
      const { metadata, tensors } = readGguf(output);
      assert.equal(metadata.get('general.type'), 'adapter');
      assert.equal(metadata.get('adapter.type'), 'lora');
      const alpha = metadata.get('adapter.lora.alpha') as number;
      const base = await openBaseModel(project.model, '.');
      const { adapter } = await attach(base, project.adapter, 1);
      const { tensors: stored } = await readAdapterFolder(project.adapter);
      assert.equal(tensors.size, stored.size);
      const { heads, kvHeads } = base.model.numbers;
      for (const target of adapter.targets) {
        const own = async (end: string): Promise<Float32Array> =>
          readTensor(stored.get(`${target.path}.lora_${end}.weight`)!);
        const ofHeads = target.path.endsWith('q_proj') ? heads : target.path.endsWith('k_proj') ? kvHeads : undefined;
        const isInterleaved = ofHeads !== undefined && metadata.get('general.architecture') === 'llama';
        const read = (end: 'a' | 'b'): Float32Array => {
          const tensor = tensors.get(`${ggufName(target.path)}.weight.lora_${end}`)!;
          const layout = end === 'b' && isInterleaved ? { heads: ofHeads } : 'same';
          return readGgufWeight({ ...tensor, dtype: tensor.type, file: output, layout });
        };
        const expected = mergedDelta(target, await own('A'), await own('B'));
        const scaling = alpha / target.r;
        mergedDelta({ ...target, scaling }, read('a'), read('b')).forEach((value, i) => {
          assert.ok(Math.abs(value - expected[i]!) <= 1e-6 * (1 + Math.abs(expected[i]!)), target.path);
        });
      }
    });
  });
}

function ggufName(at: string): string {
  const block = /\.(\d+)\./.exec(at)![1]!;
  const names: Readonly<Record<string, string>> = {
    q_proj: 'attn_q',
    k_proj: 'attn_k',
    v_proj: 'attn_v',
    o_proj: 'attn_output',
    gate_proj: 'ffn_gate',
    up_proj: 'ffn_up',
    down_proj: 'ffn_down',
    c_attn: 'attn_qkv',
    c_fc: 'ffn_up',
  };
  return `blk.${block}.${names[at.slice(at.lastIndexOf('.') + 1)]!}`;
}

test('a program for Transformers finds a GGUF base by its folder and name', async (t) => {
  const { adapter, folder } = await exporting(t, 'llama', ['q_proj']);
  const request = { adapter, overwrite: false };
  const base = path.join(folder, 'base.gguf');
  await exportAdapter({ ...request, format: 'gguf', baseModel: null, output: base });
  const output = path.join(folder, 'ask.py');
  await exportAdapter({ ...request, format: 'transformers', baseModel: base, output });
  const text = await readFile(output, 'utf8');
  assert.ok(text.includes(`BASE_MODEL = ${JSON.stringify(folder)}\nGGUF_FILE = "base.gguf"\n`));
  assert.equal(text.split('.from_pretrained(BASE_MODEL, gguf_file=GGUF_FILE').length, 3);
  assert.match(text, /default="float32"/);
});

describe('an export that does not come to its end', () => {
  test('leaves what was there when it is stopped, and nothing beside', async (t) => {
    const { adapter, folder } = await exporting(t, 'llama', ['q_proj']);
    const output = path.join(folder, 'out', 'merged.gguf');
    await mkdir(path.dirname(output));
    await writeFile(output, 'older');
    const stop = new AbortController();
    const request = { format: 'gguf', adapter, baseModel: null, output, overwrite: true };
    const ended = exportAdapter(request, stop.signal);
    stop.abort();
    await assert.rejects(ended, (error) => error === stop.signal.reason);
    assert.equal(await readFile(output, 'utf8'), 'older');
    assert.deepEqual(await readdir(path.dirname(output)), ['merged.gguf']);
  });

  test('is cleared away by the next one when its process was killed', async (t) => {
    const { adapter, folder } = await exporting(t, 'llama', ['q_proj']);
    const output = path.join(folder, 'out', 'merged.gguf');
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    const left = path.join(folder, 'out', `.merged.gguf.writing.${dead}.${randomUUID()}`);
    await mkdir(left, { recursive: true });
    await writeFile(path.join(left, '.merged.gguf.writing'), 'half');
    await exportAdapter({ format: 'gguf', adapter, baseModel: null, output, overwrite: false });
    assert.deepEqual(await readdir(path.dirname(output)), ['merged.gguf']);
  });
});

describe('what cannot be exported', () => {
  test('a format that is not there', async (t) => {
    const { adapter, folder } = await exporting(t, 'llama', ['q_proj', 'k_proj']);
    const output = path.join(folder, 'out');
    const failure = await failsWith(
      'export-format-unknown',
      exportAdapter({ format: 'coreml', adapter, baseModel: null, output, overwrite: false }),
    );
    assert.match(failure.hint ?? '', /gguf-adapter, gguf/);
  });

  test('to a place where a folder lies', async (t) => {
    const { adapter, folder } = await exporting(t, 'llama', ['q_proj', 'k_proj']);
    await failsWith(
      'output-is-a-folder',
      exportAdapter({ format: 'gguf', adapter, baseModel: null, output: folder, overwrite: true }),
    );
  });

  test('to the GGUF file that is the base model', async (t) => {
    const { adapter, folder } = await exporting(t, 'llama', ['q_proj']);
    const output = path.join(folder, 'base.gguf');
    const request = { format: 'gguf', adapter, output, overwrite: true };
    await exportAdapter({ ...request, baseModel: null });
    const before = await readFile(output);
    await failsWith('export-output-taken', exportAdapter({ ...request, baseModel: output }));
    assert.deepEqual(await readFile(output), before);
  });

  test('an adapter on the output layer, as a GGUF adapter', async (t) => {
    const { adapter, folder } = await exporting(t, 'llama', ['lm_head', 'q_proj']);
    const output = path.join(folder, 'out.gguf');
    const request = { adapter, baseModel: null, output, overwrite: false };
    const { message } = await failsWith('export-needs-merge', exportAdapter({ ...request, format: 'gguf-adapter' }));
    assert.match(message, /lm_head/);
    assert.ok(!(await readdir(folder)).some((name) => name.includes('out.gguf')));
    await exportAdapter({ ...request, format: 'gguf' });
  });

  const unwritable: readonly (readonly [string, string, Readonly<Record<string, unknown>>, RegExp])[] = [
    ['llama', 'q_proj', { hidden_act: 'gelu_new' }, /activation function gelu_tanh/],
    ['qwen2', 'q_proj', { hidden_act: 'gelu' }, /activation function gelu /],
    ['gpt2', 'c_fc', { activation_function: 'silu' }, /activation function silu/],
    ['gpt2', 'c_fc', { activation_function: 'gelu' }, /activation function gelu /],
    ['gpt2', 'c_fc', { scale_attn_weights: false }, /attention scores/],
    ['gpt2', 'c_fc', { scale_attn_by_inverse_layer_idx: true }, /attention scores/],
  ];
  for (const [family, layer, values, said] of unwritable) {
    test(`a ${family} model with ${JSON.stringify(values)}`, async (t) => {
      const { model, adapter, folder } = await exporting(t, family, [layer]);
      const config = path.join(model, 'config.json');
      await writeJson(config, { ...(JSON.parse(await readFile(config, 'utf8')) as object), ...values });
      const output = path.join(folder, 'out.gguf');
      const exported = exportAdapter({ format: 'gguf', adapter, baseModel: null, output, overwrite: false });
      assert.match((await failsWith('gguf-unwritable', exported)).message, said);
    });
  }

  test('a tokenizer that GGUF has no name for', async (t) => {
    const { model, adapter, folder } = await exporting(t, 'llama', ['q_proj', 'k_proj']);
    const tokenizer = pieces() as { model: { byte_fallback: boolean } };
    tokenizer.model.byte_fallback = false;
    await writeFile(path.join(model, 'tokenizer.json'), JSON.stringify(tokenizer));
    const output = path.join(folder, 'out.gguf');
    await failsWith(
      'gguf-tokenizer-unwritable',
      exportAdapter({ format: 'gguf', adapter, baseModel: null, output, overwrite: false }),
    );
  });
});
