import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ConfigValues } from '../../../src/engine/models/config';
import { readModel } from '../../../src/engine/models/families';
import { countParameters } from '../../../src/engine/models/model';
import { ReferenceRuntime } from '../../../src/engine/runtime/reference/referenceRuntime';
import type { StoredInputs } from './fixtures';
import { skipWithoutTestData, stored, storedCases, storedLogits, storedTensors, tensorsOf, testData } from './fixtures';
import { assertNear, computeLogits } from './forwardPass';

const tolerance = 1e-4;
const inputs = stored('inputs.json') as StoredInputs;
const models = [
  'llama',
  'llama-biases',
  'llama-multi-query',
  'mistral',
  'qwen2',
  'qwen3',
  'qwen3-biases',
  'gpt2',
  'gpt2-no-prefix',
  'gpt2-untied',
];

for (const folder of models) {
  describe(`${folder} gives the logits of Transformers, packed and padded`, () => {
    for (const { name, config } of storedCases(folder)) {
      test(name, async () => {
        const tensors = await storedTensors(folder, 'model.safetensors');
        const logits = await computeLogits({ model: readModel(config), tensors, inputs });
        assertNear(logits, await storedLogits(folder, name), tolerance);
      });
    }

    test('also on the reference runtime', async () => {
      const { name, config } = storedCases(folder)[0]!;
      const tensors = await storedTensors(folder, 'model.safetensors');
      const runtime = new ReferenceRuntime();
      const logits = await computeLogits({ model: readModel(config), tensors, inputs, runtime });
      assertNear(logits, await storedLogits(folder, name), tolerance);
    });
  });
}

describe('real models give the logits of Transformers at the end of a prompt', { skip: skipWithoutTestData }, () => {
  const prompts = stored('real', 'prompts.json') as Record<string, readonly number[]>;
  for (const [name, ids] of Object.entries(prompts)) {
    test(name, async () => {
      const folder = testData('models', name);
      const config = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')) as ConfigValues;
      const tensors = await tensorsOf(`${folder}/model.safetensors`);
      const prompt: StoredInputs = {
        shape: [1, ids.length],
        ids,
        positions: ids.map((_, i) => i),
        segments: ids.map(() => 1),
        rows: [ids.length - 2, ids.length - 1],
      };
      const logits = await computeLogits({ model: readModel(config), tensors, inputs: prompt });
      assertNear(logits, await storedLogits('real', name), 5e-4);
    });
  }

  test('their size is what their names say', () => {
    const count = (name: string): number => {
      const config = JSON.parse(readFileSync(testData('models', name, 'config.json'), 'utf8')) as ConfigValues;
      return countParameters(readModel(config));
    };
    assert.equal(count('stories260K'), 260_032);
    assert.equal(count('TinyStories-656K'), 656_000);
    assert.equal(count('stories15M'), 15_191_712);
  });
});
