import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { openBaseModel, readWeight } from '../../../src/engine/facts/baseModel';
import { tokenizerJsonOf, writeModelFolder } from '../../../src/engine/formats/modelFolder';
import { parameterSize } from '../../../src/engine/models/model';
import { exportAdapter } from '../../../src/engine/operations/export/exportAdapter';
import { heldWeights, storedForms } from '../../../src/engine/operations/heldWeights';
import { layerMatrices } from '../../../src/engine/operations/openWeights';
import { jsonLines } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';
import { writeJson } from '../../tiny/model';
import { engine, tensorsOf, train } from './engine';
import { exporting } from './ggufProject';

// Of this file alone: what others do at the same time must not be seen.
const own = mkdtempSync(path.join(tmpdir(), 'lora-gguf-'));
for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = own;
after(() => {
  const leftovers = readdirSync(own).filter((name) => name.startsWith('lora-weights-'));
  rmSync(own, { recursive: true });
  assert.deepEqual(leftovers, []);
});

/** A GGUF base, and a Hugging Face folder with the numbers that are in it, each with the same recipe. */
async function bothBases(
  t: TestContext,
  family: string,
): Promise<{ readonly gguf: TinyProject; readonly plain: TinyProject }> {
  const { adapter, folder } = await exporting(t, family, family === 'gpt2' ? ['c_attn', 'c_fc'] : ['q_proj', 'k_proj']);
  const file = path.join(folder, 'model.gguf');
  await exportAdapter({ format: 'gguf-q8_0', adapter, baseModel: null, output: file, overwrite: false });
  const base = await openBaseModel(file, folder);
  const tensors = [];
  for (const [name, shape] of base.model.parameters) tensors.push({ name, shape, data: await readWeight(base, name) });
  const plain = path.join(folder, 'plain');
  await writeModelFolder(plain, {
    config: base.folder.config,
    tensors,
    copyFrom: [],
    json: tokenizerJsonOf(base.folder),
  });
  const data = path.join(folder, 'train.jsonl');
  await writeFile(data, jsonLines(Array.from({ length: 12 }, (_, i) => ({ text: 'abc cab ab'.slice(i % 4) }))));
  const projectOf = async (name: string, model: string): Promise<TinyProject> => {
    const recipe = path.join(folder, `${name}.lora.json`);
    await writeJson(recipe, {
      base_model: model,
      dataset: { path: 'train.jsonl', eval_split: 0, max_length: 12 },
      training: { max_steps: 4, per_device_train_batch_size: 2, learning_rate: 0.01, warmup_ratio: 0 },
    });
    return { folder, model, data, recipe, output: path.join(folder, 'adapters', name) };
  };
  return { gguf: await projectOf('gguf', file), plain: await projectOf('plain', plain) };
}

async function losses(project: TinyProject, ...set: string[]): Promise<readonly number[]> {
  const { events, outcome } = await train(project, { set });
  assert.equal(outcome, 'finished');
  return events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
}

for (const family of ['llama', 'qwen2', 'gpt2']) {
  describe(`a ${family} model as GGUF`, () => {
    test('trains as the folder with the same numbers does, to the bit', async (t) => {
      const { gguf, plain } = await bothBases(t, family);
      const expected = await losses(plain);
      assert.equal(expected.length, 4);
      assert.deepEqual(await losses(gguf), expected);
      const file = 'adapter_model.safetensors';
      assert.deepEqual(await tensorsOf(path.join(gguf.output, file)), await tensorsOf(path.join(plain.output, file)));
      const measured = async (baseModel: string) =>
        engine.evaluate({
          baseModel,
          adapters: [{ folder: gguf.output, weight: 1 }],
          dataset: gguf.data,
          maxLength: 12,
        });
      assert.deepEqual(await measured(gguf.model), await measured(plain.model));
    });
  });
}

test('quantizing applies to what is in the GGUF file', async (t) => {
  const { gguf, plain } = await bothBases(t, 'llama');
  assert.deepEqual(await losses(gguf, 'engine.quantization=int8'), await losses(plain, 'engine.quantization=int8'));
});

test('the reference runtime reads the same blocks', async (t) => {
  const { gguf } = await bothBases(t, 'llama');
  const fast = await losses(gguf);
  const obvious = await losses(gguf, 'engine.runtime=reference');
  // Later steps carry on what the first ones differ by.
  obvious.slice(0, 2).forEach((loss, i) => assert.ok(Math.abs(loss / fast[i]! - 1) < 1e-4, `step ${i + 1}`));
});

test('the plan knows how the weights of a GGUF file are held', async (t) => {
  const { gguf } = await bothBases(t, 'llama');
  const base = await openBaseModel(gguf.model, '.');
  const matrices = layerMatrices(base.model);
  const onProcessor = heldWeights(base.model, storedForms(base), 'none', 'cpu');
  assert.deepEqual([...onProcessor.packed].sort(), [...matrices].sort());
  const onGpu = heldWeights(base.model, storedForms(base), 'none', 'webgpu');
  assert.equal(onGpu.packed.size, 0);
  // Of this model: rows of 32 numbers in Q8_0, all others in half precision; beside them what is wide for a moment.
  const size = (name: string): number => parameterSize(base.model, name);
  const held = matrices.map((name) => (name.includes('down_proj') ? (size(name) * 36) / 32 : 2 * size(name)));
  const others = [...base.model.parameters.keys()].filter((name) => !matrices.includes(name));
  const wide = others.map((name) => (base.weights.get(name)!.dtype === 'F16' ? 6 : 4) * size(name));
  const sum = (bytes: readonly number[]): number => bytes.reduce((total, part) => total + part, 0);
  const spare = (6 * 4 * sum(matrices.map(size))) / base.model.blocks;
  assert.equal(onProcessor.bytes, sum(held) + sum(wide) + spare);
});
