import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { openModelFolder } from '../../../../src/engine/formats/modelFolder';
import { readTensor } from '../../../../src/engine/formats/safetensors';
import { isGgufWeight, readWeightEntry } from '../../../../src/engine/formats/weightEntry';
import { readModel } from '../../../../src/engine/models/families';
import { stored, storedCases, storedLogits, storedTensors } from '../../models/fixtures';
import type { StoredInputs } from '../../models/fixtures';
import { assertNear, computeLogits } from '../../models/forwardPass';
import { failsWith, fixture, scratchFolder } from '../scratch';
import { GgufBytes } from './ggufBytes';
import { architectures } from '../../../../src/engine/formats/gguf/architectures';
import { configOf } from '../../../../src/engine/formats/gguf/config';
import { Metadata } from '../../../../src/engine/formats/gguf/metadata';
import type { GgufFile, GgufValue } from '../../../../src/engine/formats/gguf/readGguf';
import { ConfigReader } from '../../../../src/engine/models/config';
import { readRope } from '../../../../src/engine/models/rope';

describe('a GGUF file says what the Hugging Face folder of the same model says', () => {
  for (const name of ['llama', 'llama-biases', 'qwen2', 'qwen3', 'gpt2']) {
    test(name, async () => {
      const opened = await openModelFolder(fixture('gguf', `${name}.gguf`));
      const original = readModel(storedCases(name)[0]!.config);
      const model = readModel(opened.config);
      assert.deepEqual([...model.parameters], [...original.parameters]);
      assert.deepEqual([...model.tied], [...original.tied]);
      assert.equal(model.contextLength, original.contextLength);
      const tensors = await storedTensors(name, 'model.safetensors');
      assert.ok(opened.tensors.size >= model.parameters.size);
      for (const [weight, entry] of opened.tensors) {
        assert.ok(isGgufWeight(entry));
        const expected = tensors.get(weight);
        assert.ok(expected !== undefined, weight);
        assert.deepEqual(entry.shape, expected.shape, weight);
        assert.deepEqual(await readWeightEntry(entry), await readTensor(expected), weight);
      }
      // Epsilon, rotation and heads show in the logits alone.
      const logits = await computeLogits({ model, tensors, inputs: stored('inputs.json') as StoredInputs });
      assertNear(logits, await storedLogits(name, storedCases(name)[0]!.name), 1e-4);
    });
  }
});

describe('what would be computed wrongly is refused by name', () => {
  const cases: Readonly<
    Record<string, readonly [keys: (file: GgufBytes) => GgufBytes, count: number, code: string, at: string]>
  > = {
    'another architecture': [
      (file) => file.text('general.architecture').u32(8).text('mamba'),
      1,
      'gguf-architecture',
      'general.architecture',
    ],
    'no architecture': [(file) => file, 0, 'gguf-metadata', 'general.architecture'],
    'an adapter': [
      (file) => file.text('general.architecture').u32(8).text('llama').text('general.type').u32(8).text('adapter'),
      2,
      'gguf-not-a-model',
      'general.type',
    ],
    'one of several parts': [
      (file) => file.text('general.architecture').u32(8).text('llama').text('split.count').u32(2).bytes(3, 0),
      2,
      'gguf-in-parts',
      'split.count',
    ],
    experts: [
      (file) => file.text('general.architecture').u32(8).text('llama').text('llama.expert_count').u32(4).u32(8),
      2,
      'gguf-metadata',
      'llama.expert_count',
    ],
    'a missing size': [
      (file) => file.text('general.architecture').u32(8).text('gpt2').text('gpt2.vocab_size').u32(4).u32(8),
      2,
      'gguf-metadata',
      'gpt2.context_length',
    ],
  };
  for (const [what, [keys, count, code, at]] of Object.entries(cases)) {
    test(what, async (t) => {
      const file = path.join(await scratchFolder(t), 'model.gguf');
      await writeFile(file, keys(new GgufBytes().start(0, count)).data(0).all);
      const { place } = await failsWith(code, openModelFolder(file));
      assert.deepEqual(place, { file, path: at });
    });
  }
});

describe('rotations', () => {
  const metadata = (keys: Readonly<Record<string, GgufValue>>): ReadonlyMap<string, GgufValue> =>
    new Map(
      Object.entries({
        'llama.context_length': 131_072,
        'llama.embedding_length': 128,
        'llama.block_count': 1,
        'llama.feed_forward_length': 64,
        'llama.attention.head_count': 2,
        'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-5),
        'llama.rope.freq_base': 500_000,
        'llama.vocab_size': 8,
        ...keys,
      }),
    );
  const scalingOf = (gguf: GgufFile): unknown =>
    configOf(gguf, new Metadata(gguf, 'llama'), architectures['llama']!)['rope_scaling'];

  /** A file of nothing but the numbers by which frequencies are divided. */
  async function withDivisors(t: TestContext, divisors: readonly number[]): Promise<GgufFile> {
    const file = path.join(await scratchFolder(t), 'freqs');
    const data = Float32Array.from(divisors);
    await writeFile(file, new Uint8Array(data.buffer));
    const name = 'rope_freqs.weight';
    const tensor = { name, type: 'F32' as const, shape: [data.length], offset: 0, byteLength: data.byteLength };
    return { file, metadata: metadata({}), tensors: new Map([[name, tensor]]) };
  }

  // Of Llama 3.2 (factor 32, base 500,000, heads of 64), computed with Transformers' rule: plain / scaled frequencies.
  const llama32 = (factor: number): number[] => {
    const rule = {
      rope_type: 'llama3',
      factor,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const common = { rope_theta: 500_000, max_position_embeddings: 131_072 };
    const plain = readRope(new ConfigReader(common), 64).frequencies;
    const scaled = readRope(new ConfigReader({ ...common, rope_scaling: rule }), 64).frequencies;
    return Array.from(plain, (frequency, i) => frequency / scaled[i]!);
  };

  test('of Llama 3 are found again from the divisors in the file', async (t) => {
    for (const factor of [8, 32]) {
      const scaling = scalingOf(await withDivisors(t, llama32(factor)));
      assert.deepEqual(scaling, {
        rope_type: 'llama3',
        factor,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      });
    }
  });

  test('of another rule are refused', async (t) => {
    const divisors = llama32(8);
    divisors[14]! *= 1.01;
    const gguf = await withDivisors(t, divisors);
    await failsWith(
      'gguf-metadata',
      Promise.resolve().then(() => scalingOf(gguf)),
    );
  });

  test('that are stretched evenly or by YaRN are taken over', async () => {
    const of = (keys: Readonly<Record<string, GgufValue>>): unknown =>
      scalingOf({ file: 'f', metadata: metadata(keys), tensors: new Map() });
    assert.equal(of({}), null);
    assert.deepEqual(of({ 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': 4 }), {
      rope_type: 'linear',
      factor: 4,
    });
    assert.deepEqual(
      of({
        'llama.rope.scaling.type': 'yarn',
        'llama.rope.scaling.factor': 4,
        'llama.rope.scaling.original_context_length': 32_768,
      }),
      { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32_768 },
    );
    await failsWith(
      'gguf-metadata',
      Promise.resolve().then(() => of({ 'llama.rope.scaling.type': 'longrope' })),
    );
  });
});

test('a folder with one GGUF file is that model, with several it is none', async (t) => {
  const folder = path.join(await scratchFolder(t), 'model');
  await mkdir(folder);
  await copyFile(fixture('gguf', 'llama.gguf'), path.join(folder, 'llama.GGUF'));
  await writeFile(path.join(folder, 'config.json'), '{}');
  assert.equal((await openModelFolder(folder)).path, path.join(folder, 'llama.GGUF'));
  await copyFile(fixture('gguf', 'qwen2.gguf'), path.join(folder, 'qwen2.gguf'));
  const { message } = await failsWith('model-gguf-several', openModelFolder(folder));
  assert.match(message, /llama\.GGUF, qwen2\.gguf/);
});
