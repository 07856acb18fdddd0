import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resumableDifferences } from '../../../src/recipe/differences';
import { parseRecipe } from '../../../src/recipe/parse';
import type { Recipe, ResolvedRecipe } from '../../../src/recipe/recipe.generated';
import { nameFromFile, resolveRecipe } from '../../../src/recipe/resolve';

const smallest: Recipe = { base_model: './m', dataset: { path: 'd.jsonl' } };

function resolved(changes: Partial<Recipe> = {}): ResolvedRecipe {
  return resolveRecipe({ ...smallest, ...changes }, { recipeFile: 'recipes/support-bot.lora.json' });
}

describe('resolveRecipe', () => {
  test('fills in the documented defaults', () => {
    assert.deepEqual(resolved(), {
      name: 'support-bot',
      base_model: './m',
      task_type: 'CAUSAL_LM',
      method: 'lora',
      lora: {
        r: 8,
        lora_alpha: 16,
        lora_dropout: 0.05,
        target_modules: null,
        exclude_modules: [],
        bias: 'none',
        use_rslora: false,
        use_dora: false,
        init_lora_weights: true,
        rank_pattern: {},
        alpha_pattern: {},
        layers_to_transform: null,
        modules_to_save: [],
        init_from: null,
      },
      dataset: {
        path: 'd.jsonl',
        format: 'auto',
        columns: {},
        template: null,
        eval_path: null,
        eval_split: 0.05,
        max_length: null,
        packing: true,
        completion_only_loss: true,
        shuffle: true,
      },
      training: {
        num_train_epochs: 3,
        max_steps: -1,
        per_device_train_batch_size: 4,
        per_device_eval_batch_size: 4,
        gradient_accumulation_steps: 1,
        learning_rate: 2e-4,
        lr_scheduler_type: 'cosine',
        warmup_ratio: 0.03,
        warmup_steps: null,
        weight_decay: 0,
        adam_beta1: 0.9,
        adam_beta2: 0.999,
        adam_epsilon: 1e-8,
        max_grad_norm: 1,
        seed: 42,
        logging_steps: 1,
        eval_steps: 50,
        save_steps: 50,
        save_total_limit: 3,
        load_best_model_at_end: false,
        early_stopping_patience: null,
        gradient_checkpointing: 'auto',
        sample_prompts: [],
      },
      engine: { runtime: 'auto', device: 'auto', precision: 'auto', quantization: 'none', threads: 0 },
      output: 'adapters/support-bot',
      deploy_to: null,
    });
  });

  test('keeps what is written', () => {
    const recipe = resolved({ name: 'a', lora: { r: 4, target_modules: 'all-linear' }, engine: { threads: 2 } });
    assert.equal(recipe.output, 'adapters/a');
    assert.equal(recipe.lora.r, 4);
    assert.equal(recipe.lora.target_modules, 'all-linear');
    assert.equal(recipe.lora.lora_alpha, 16);
    assert.equal(recipe.engine.threads, 2);
  });

  test('gives itself again when it is written out and read', () => {
    const recipe = resolved({ lora: { rank_pattern: { 'layers.0': 4 } } });
    const { recipe: again, problems } = parseRecipe(JSON.stringify(recipe));
    assert.deepEqual(
      problems.filter(({ severity }) => severity === 'error'),
      [],
    );
    assert.deepEqual(resolveRecipe(again!, { recipeFile: 'another.lora.json' }), recipe);
  });

  test('drops the key that only editors read', () => {
    assert.ok(!('$schema' in resolved({ $schema: '../schemas/lora.schema.json' })));
  });

  test('evaluates with the training batch size unless told otherwise', () => {
    assert.equal(resolved({ training: { per_device_train_batch_size: 7 } }).training.per_device_eval_batch_size, 7);
    assert.equal(resolved({ training: { per_device_eval_batch_size: 2 } }).training.per_device_eval_batch_size, 2);
  });

  test('knows no warm-up from a warm-up of 0 steps beside a ratio', () => {
    assert.equal(resolved({ training: { warmup_steps: 0 } }).training.warmup_steps, 0);
    assert.equal(resolved({ training: { warmup_steps: 0, warmup_ratio: 0.1 } }).training.warmup_steps, null);
  });
});

describe('nameFromFile', () => {
  for (const [file, name] of [
    ['/a/b/support-bot.lora.json', 'support-bot'],
    ['C:\\recipes\\support-bot.lora.jsonc', 'support-bot'],
    ['plain.json', 'plain'],
    ['v1.2.lora.json', 'v1.2'],
    ['.lora.json', 'adapter'],
  ] as const) {
    test(`${file} is ${name}`, () => assert.equal(nameFromFile(file), name));
  }
});

describe('resumableDifferences', () => {
  test('allows a longer run, other checkpoints, other output', () => {
    const longer = resolved({
      name: 'b',
      output: 'elsewhere',
      training: { max_steps: 20, num_train_epochs: 9, save_steps: 7, save_total_limit: null, logging_steps: 10 },
    });
    assert.deepEqual(resumableDifferences(resolved(), longer), []);
  });

  test('a recipe that leaves the device open continues a run on one that was asked for, and no other one does', () => {
    const asked = resolved({ engine: { device: 'webgpu' } });
    assert.deepEqual(resumableDifferences(asked, resolved()), []);
    assert.deepEqual(resumableDifferences(asked, resolved({ engine: { device: 'cpu' } })), ['engine.device']);
    assert.deepEqual(resumableDifferences(resolved(), asked), ['engine.device']);
  });

  test('names everything else by its dotted key', () => {
    const other = resolved({
      base_model: './n',
      lora: { target_modules: ['q_proj'], rank_pattern: { 'layers.0.q_proj': 2 } },
      training: { learning_rate: 1e-3, max_steps: 20 },
    });
    assert.deepEqual(resumableDifferences(resolved(), other), [
      'base_model',
      'lora.target_modules',
      'lora.rank_pattern.layers.0.q_proj',
      'training.learning_rate',
    ]);
  });
});
