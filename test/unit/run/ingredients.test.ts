import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseModelsAmong, datasetCandidates, modelFolders, roughCount } from '../../../src/run/ingredients';

test('a model folder has a config.json and weights, also on Windows', () => {
  const files = ['/w/m/config.json', '/w/m/model.safetensors', '/w/app/config.json', '/w/x/adapter_model.safetensors'];
  assert.deepEqual(modelFolders(files), ['/w/m']);
  assert.deepEqual(modelFolders(['C:\\w\\m\\config.json', 'C:\\w\\m\\model.safetensors']), ['C:\\w\\m']);
});

test('a GGUF file is a model, and adapters, pictures and further pieces of one are not', () => {
  const models = ['/w/SmolLM2.Q4_1.gguf', 'C:\\w\\B.GGUF'];
  const others = [
    '/w/bot.lora.gguf',
    '/w/bot-lora-f16.gguf',
    '/w/mmproj-f16.gguf',
    '/w/big-00002-of-00003.gguf',
    '/w/gguf',
  ];
  assert.deepEqual(baseModelsAmong([...others, ...models]), models);
  assert.deepEqual(baseModelsAmong(['/w/a.gguf', '/w/m/config.json', '/w/m/model.safetensors']), ['/w/m', '/w/a.gguf']);
});

test('data may be what holds rows by its ending, and what is neither settings nor part of a model', () => {
  const data = ['/w/a.jsonl', '/w/m/b.CSV', '/w/c.parquet', '/w/d.json', '/w/deep/story.txt'];
  const others = [
    '/w/m/model.safetensors',
    '/w/m/added.json',
    '/w/package.json',
    '/w/tsconfig.base.json',
    '/w/requirements-dev.txt',
    '/w/LICENSE.txt',
    '/w/bot.lora.json',
    '/w/.vscode/settings.json',
    '/w/readme.md',
    '/w/code.py',
  ];
  assert.deepEqual(datasetCandidates([...others, ...data]), data);
});

test('sizes of models are told in words', () => {
  assert.deepEqual([880, 656_000, 15_191_712, 1.236e9].map(roughCount), [
    '880',
    '656 thousand',
    '15.2 million',
    '1.24 billion',
  ]);
});
