import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { planAdapter, planFull } from '../../../src/engine/lora/adapter';
import type { Adapter } from '../../../src/engine/lora/adapter';
import { readModel } from '../../../src/engine/models/families';
import type { Model } from '../../../src/engine/models/model';
import { pieceWarnings } from '../../../src/engine/plan/largestPiece';
import { planRun } from '../../../src/engine/plan/planRun';
import { resolveRecipe } from '../../../src/recipe/resolve';
import type { Plan } from '../../../src/run/plan';
import type { PeftOptions } from '../lora/models';
import { fromPeft } from '../lora/peftOptions';

interface Case {
  readonly model: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly options: Omit<PeftOptions, 'lora_alpha'>;
  readonly trainable: number;
  readonly all: number;
}

/** What PEFT's `get_nb_trainable_parameters` gave (`test/parity/trainingFixtures.py`). */
const cases = JSON.parse(readFileSync('test/unit/plan/fixtures/counts.json', 'utf8')) as readonly Case[];

const data: Plan['data'] = {
  rows: 10,
  eval_rows: 0,
  tokens: 100,
  supervised_tokens: 50,
  steps_per_epoch: 5,
  total_steps: 15,
  estimated: false,
};
const compute: Plan['compute'] = {
  runtime: 'onnxruntime',
  device: 'cpu',
  device_reason: 'No other device can be used here.',
  precision: 'fp32',
  threads: 2,
  gradient_checkpointing: 'cheap',
  max_length: 64,
};

function plan(model: Model, adapter: Adapter, changes: Partial<Plan['compute']> = {}, activations = 0): Plan {
  const recipe = resolveRecipe(
    { base_model: 'model', dataset: { path: 'data.jsonl' }, method: adapter.method },
    { recipeFile: 'tiny.lora.json' },
  );
  const bytes = { lora: activations, full: 2 * activations };
  return planRun(recipe, model, adapter, data, bytes, { ...compute, ...changes });
}

function planOf({ config, options }: Case): Plan {
  const model = readModel(config);
  return plan(model, planAdapter(model, fromPeft({ lora_alpha: 8, ...options })));
}

describe('what of a training lies on a graphics card', () => {
  const model = readModel(cases[0]!.config);
  const adapter = planAdapter(model, fromPeft({ lora_alpha: 8, ...cases[0]!.options }));

  test('is nothing on the processor', () => {
    assert.equal(plan(model, adapter).memory.device_bytes, null);
  });

  test('is the weights, what a step computes, and values and gradients of what is trained', () => {
    const { memory, adapter: planned } = plan(model, adapter, { device: 'webgpu' }, 1e6);
    const weights = 4 * (planned.all_params - planned.trainable_params);
    assert.equal(memory.device_bytes, weights + 8 * planned.trainable_params + 1.15e6);
    assert.ok(memory.device_bytes < memory.lora_bytes);
  });

  test('may be too large in one piece: that is told, with what would halve it', () => {
    const warnings = pieceWarnings(model, 'fp32', {
      device: 'webgpu',
      largestBuffer: 2 ** 20,
      precisions: ['fp32', 'fp16'],
    });
    assert.deepEqual(warnings, [
      'model.embed_tokens.weight takes 36.9 MB in one piece, and webgpu gives 1.05 MB at most: ' +
        'the run may end as it begins. `engine.precision` "fp16" halves it.',
    ]);
    assert.match(pieceWarnings(model, 'fp16', { device: 'webgpu', largestBuffer: 2 ** 20 })[0]!, /18\.4 MB.*begins\.$/);
    assert.deepEqual(pieceWarnings(model, 'fp16', { device: 'webgpu', largestBuffer: 2 ** 25 }), []);
    assert.deepEqual(pieceWarnings(model, 'fp32', { device: 'webgpu' }), []);
  });
});

describe('what a plan counts', () => {
  for (const given of cases) {
    test(`for ${given.model} with ${JSON.stringify(given.options)} is what PEFT prints`, () => {
      const { adapter } = planOf(given);
      assert.deepEqual([adapter.trainable_params, adapter.all_params], [given.trainable, given.all]);
      assert.equal(adapter.trainable_percent, (100 * given.trainable) / given.all);
      assert.equal(adapter.file_bytes, 4 * given.trainable);
    });
  }

  test('lists every adapted layer with its share', () => {
    const { adapter, targets } = planOf(cases[0]!);
    assert.equal(adapter.modules.length, 12);
    assert.deepEqual(adapter.modules[0], {
      name: 'model.layers.0.self_attn.q_proj',
      in: 288,
      out: 288,
      r: 8,
      params: 4608,
    });
    assert.equal(
      adapter.modules.reduce((sum, { params }) => sum + params, 0),
      adapter.trainable_params,
    );
    assert.deepEqual(targets, [
      { entry: 'q_proj', matches: 6 },
      { entry: 'v_proj', matches: 6 },
    ]);
  });

  test('for method full is every weight once', () => {
    const model = readModel(cases[0]!.config);
    const { adapter, full } = plan(model, planFull(model));
    assert.deepEqual(
      [adapter.trainable_params, adapter.all_params, adapter.trainable_percent, full.trainable_params],
      [15_191_712, 15_191_712, 100, 15_191_712],
    );
  });
});

describe('the memory of a plan', () => {
  const model = readModel(cases[0]!.config);
  const adapter = planAdapter(model, fromPeft({ lora_alpha: 8, ...cases[0]!.options }));

  test('is far less for an adapter: weights need no gradient and no moments', () => {
    const { memory } = plan(model, adapter);
    assert.equal(memory.full_bytes - memory.lora_bytes, (24 - 4) * 15_191_712 - 24 * 55_296);
  });

  test('grows with what a step computes', () => {
    const without = plan(model, adapter).memory;
    const { memory } = plan(model, adapter, {}, 1e9);
    assert.ok(memory.lora_bytes - without.lora_bytes >= 1e9);
    assert.ok(memory.full_bytes - without.full_bytes >= 2e9);
  });
});
