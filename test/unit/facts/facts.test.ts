import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { loraOptionsOf } from '../../../src/engine/facts/adapterOptions';
import {
  checkMaxLength,
  endIds,
  openBaseModel,
  openModelTokenizer,
  readWeight,
} from '../../../src/engine/facts/baseModel';
import { datasetOptions, loraOptions } from '../../../src/engine/facts/recipeOptions';
import { adapterConfigDefaults } from '../../../src/engine/formats/adapterConfig';
import { Failure } from '../../../src/failure/failure';
import type { Recipe } from '../../../src/recipe/recipe.generated';
import { resolveRecipe } from '../../../src/recipe/resolve';
import { tinyConfig, writeJson, writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

function resolved(changes: Partial<Recipe>): ReturnType<typeof resolveRecipe> {
  const recipe = { base_model: 'model', dataset: { path: 'train.jsonl' }, ...changes };
  return resolveRecipe(recipe, { recipeFile: 'a.lora.json' });
}

async function tinyModel(t: TestContext, config: object = {}): Promise<string> {
  const folder = path.join(await temporaryFolder(t), 'model');
  await writeTinyModel(folder);
  await writeJson(path.join(folder, 'config.json'), { ...tinyConfig, ...config });
  return folder;
}

describe('opening a base model', () => {
  test('understands it and finds each weight, without reading one', async (t) => {
    const folder = await tinyModel(t);
    const base = await openBaseModel('model', path.dirname(folder));
    assert.equal(base.folder.path, folder);
    assert.deepEqual([base.model.modelType, base.model.blocks, base.model.contextLength], ['llama', 2, 64]);
    assert.deepEqual([...base.weights.keys()].sort(), [...base.model.parameters.keys()].sort());
  });

  test('reads weights row by row, tied ones by either name', async (t) => {
    const folder = await tinyModel(t);
    const base = await openBaseModel(folder, '.');
    const entry = base.weights.get('model.embed_tokens.weight')!;
    const bytes = await readFile(entry.file);
    const embedding = await readWeight(base, 'model.embed_tokens.weight');
    assert.equal(embedding.length, 99 * 32);
    assert.equal(embedding[33], bytes.readFloatLE(entry.offset + 4 * 33));
    assert.deepEqual(await readWeight(base, 'lm_head.weight'), embedding);
  });

  test('takes the ids that end a text from wherever they are named', async (t) => {
    const folder = await tinyModel(t, { eos_token_id: [2, 5] });
    await writeJson(path.join(folder, 'generation_config.json'), { eos_token_id: 7 });
    const base = await openBaseModel(folder, '.');
    assert.deepEqual(endIds(base, await openModelTokenizer(base)), new Set([2, 5, 7]));
  });

  test('takes the ids of special tokens from config.json where the tokenizer names none', async (t) => {
    const folder = await tinyModel(t, { pad_token_id: 2 });
    await writeJson(path.join(folder, 'tokenizer_config.json'), { tokenizer_class: 'PreTrainedTokenizerFast' });
    const { bosId, eosId, padId } = await openModelTokenizer(await openBaseModel(folder, '.'));
    assert.deepEqual([bosId, eosId, padId], [1, 2, 2]);
  });

  test('refuses rows for which learnt positions are missing, and only those', async (t) => {
    const base = await openBaseModel(await tinyModel(t), '.');
    checkMaxLength(base, 1000);
    const learnt = { ...base, model: { ...base.model, positionsAreLearnt: true } };
    checkMaxLength(learnt, 64);
    assert.throws(
      () => checkMaxLength(learnt, 65),
      (error) => error instanceof Failure && error.code === 'max-length-beyond-context' && error.message.includes('64'),
    );
  });
});

describe('the options of a recipe', () => {
  test('for LoRA are its keys under the names of the code', () => {
    const { lora } = resolved({
      lora: { r: 4, lora_alpha: 6, lora_dropout: 0.1, target_modules: ['a'], bias: 'all', use_rslora: true },
    });
    assert.deepEqual(loraOptions(lora), {
      r: 4,
      loraAlpha: 6,
      loraDropout: 0.1,
      targetModules: ['a'],
      excludeModules: [],
      bias: 'all',
      useRslora: true,
      rankPattern: [],
      alphaPattern: [],
      layersToTransform: null,
      modulesToSave: [],
      initLoraWeights: true,
    });
  });

  test('leave the choice of layers to the family, take all-linear as a word and other strings as patterns', () => {
    const targets = (target_modules: string | null) =>
      loraOptions(resolved({ lora: { target_modules } }).lora).targetModules;
    assert.equal(targets(null), undefined);
    assert.equal(targets('all-linear'), 'all-linear');
    const pattern = targets('.*\\.(q|v)_proj');
    assert.ok(typeof pattern === 'object' && 'regex' in pattern);
    assert.ok(pattern.regex.test('model.layers.0.self_attn.q_proj'));
    assert.ok(!pattern.regex.test('q_proj'), 'a pattern matches whole paths');
  });

  test('refuse a pattern that cannot be translated, and say where it stands', () => {
    const { lora } = resolved({ lora: { rank_pattern: { '(unclosed': 4 } } });
    assert.throws(
      () => loraOptions(lora),
      (error) =>
        error instanceof Failure &&
        error.code === 'pattern-invalid' &&
        error.place?.path === 'lora.rank_pattern.(unclosed',
    );
  });

  test('for data set rows aside, or take them from their own file', () => {
    const recipe = resolved({ dataset: { path: 'train.jsonl', eval_split: 0.2 }, training: { seed: 9 } });
    const paths = { train: '/train.jsonl', eval: undefined };
    const train = datasetOptions(recipe, 'train', paths, 32);
    assert.deepEqual(
      [train.path, train.part, train.evalSplit, train.shuffle, train.seed, train.maxLength],
      ['/train.jsonl', 'train', 0.2, true, 9, 32],
    );
    const aside = datasetOptions(recipe, 'eval', paths, 32);
    assert.deepEqual([aside.path, aside.part, aside.evalSplit, aside.shuffle], ['/train.jsonl', 'eval', 0.2, true]);

    const own = { ...paths, eval: '/eval.jsonl' };
    assert.equal(datasetOptions(recipe, 'train', own, 32).evalSplit, 0);
    const separate = datasetOptions(recipe, 'eval', own, 32);
    // All rows of the other file.
    assert.deepEqual([separate.path, separate.part, separate.evalSplit], ['/eval.jsonl', 'train', 0]);
  });
});

describe('the options of a stored adapter', () => {
  test('are those of its adapter_config.json', () => {
    const options = loraOptionsOf({
      ...adapterConfigDefaults,
      r: 4,
      lora_alpha: 12,
      target_modules: ['q_proj'],
      rank_pattern: { 'layers.1': 2 },
      layers_to_transform: [0, 1],
      modules_to_save: ['lm_head'],
    });
    assert.deepEqual(
      [options.r, options.loraAlpha, options.targetModules, options.layersToTransform, options.modulesToSave],
      [4, 12, ['q_proj'], [0, 1], ['lm_head']],
    );
    assert.deepEqual(
      options.rankPattern.map(({ pattern, value }) => [pattern, value]),
      [['layers.1', 2]],
    );
  });

  test('may hold patterns, and nulls for what is not set', () => {
    const options = loraOptionsOf({ ...adapterConfigDefaults, target_modules: '.*q_proj', exclude_modules: '.*0.*' });
    assert.ok(typeof options.targetModules === 'object' && 'regex' in options.targetModules);
    assert.ok('regex' in options.excludeModules && options.excludeModules.regex.test('layers.0.q_proj'));
    assert.deepEqual([options.modulesToSave, options.layersPattern], [[], undefined]);
    assert.equal(loraOptionsOf(adapterConfigDefaults).targetModules, undefined);
  });
});
