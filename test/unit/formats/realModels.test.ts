import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { openModelFolder, tokenizerFilesOf, writeModelFolder } from '../../../src/engine/formats/modelFolder';
import { readBytes } from '../../../src/engine/formats/safetensors';
import { isGgufWeight, readWeightEntry } from '../../../src/engine/formats/weightEntry';
import { scratchFolder, skipWithoutTestData, testData } from './scratch';

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
        assert.ok(!isGgufWeight(written) && !isGgufWeight(entry));
        assert.ok(Buffer.from(await readBytes(written)).equals(await readBytes(entry)), entry.name);
      }
    });
  }
});
