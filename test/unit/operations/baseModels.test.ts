import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { looksLikeHubId } from '../../../src/engine/formats/hubCache';
import { readModel } from '../../../src/engine/models/families';
import { countParameters } from '../../../src/engine/models/model';
import { curatedModels } from '../../../src/engine/operations/baseModels';
import { memoryNeed } from '../../../src/engine/operations/trainingMemory';

/** Parameters as the models' pages on the hub count them. */
const published: Readonly<Record<string, number>> = {
  'HuggingFaceTB/SmolLM2-135M-Instruct': 134_515_008,
  'HuggingFaceTB/SmolLM2-135M': 134_515_008,
  'HuggingFaceTB/SmolLM2-360M-Instruct': 361_821_120,
  'HuggingFaceTB/SmolLM2-360M': 361_821_120,
  'HuggingFaceTB/SmolLM2-1.7B-Instruct': 1_711_376_384,
  'HuggingFaceTB/SmolLM2-1.7B': 1_711_376_384,
  'Qwen/Qwen2.5-0.5B-Instruct': 494_032_768,
  'Qwen/Qwen2.5-0.5B': 494_032_768,
  'Qwen/Qwen3-0.6B': 596_049_920,
  'TinyLlama/TinyLlama-1.1B-Chat-v1.0': 1_100_048_384,
  'openai-community/gpt2': 124_439_808,
  'distilbert/distilgpt2': 81_912_576,
};

describe('the models to start with', () => {
  test('have the parameters that their pages say', () => {
    const counted = curatedModels.map(({ id, config }) => [id, countParameters(readModel(config))]);
    assert.deepEqual(Object.fromEntries(counted), published);
  });

  test('are told apart, and each is told in a sentence', () => {
    const ids = curatedModels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id, purpose, downloadBytes, config } of curatedModels) {
      assert.ok(looksLikeHubId(id), id);
      assert.match(purpose, /^[A-Z].+\.$/);
      // Two bytes a weight, four of GPT-2; Qwen3 stores its tied head twice.
      const perWeight = downloadBytes / countParameters(readModel(config));
      assert.ok(perWeight > 1.9 && perWeight < 4.5, `${id}: ${perWeight}`);
    }
  });
});

describe('whether a model fits', () => {
  const model = readModel(curatedModels[0]!.config);
  const half = 2 * countParameters(model);
  const { training_bytes: needed } = memoryNeed(model, half);
  for (const [share, fit] of [
    [0.59, 'fits'],
    [0.61, 'tight'],
    [0.91, 'too large'],
  ] as const) {
    test(`${share} of the memory: ${fit}`, () => assert.equal(memoryNeed(model, half, needed / share).fit, fit));
  }

  test('depends on the precision of its files, and is never less than they take', () => {
    const single = memoryNeed(model, 2 * half).training_bytes;
    assert.ok(needed > half && single > 2 * half && needed < single, `${needed}, ${single}`);
  });
});
