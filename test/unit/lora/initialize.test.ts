import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InitLoraWeights, LoraOptions } from '../../../src/engine/lora/adapter';
import { planAdapter, planFull } from '../../../src/engine/lora/adapter';
import type { InitialAdapter } from '../../../src/engine/lora/initialize';
import { changesBase, initializeAdapter } from '../../../src/engine/lora/initialize';
import { assertClose, assertFar } from './close';
import { adaptedLogits, plainLogits, randomValues } from './compute';
import { fixtureModel, mixedModel, options } from './models';

const model = mixedModel();
const weights = randomValues(model.parameters);
const weightOf = (name: string): Promise<Float32Array> => Promise.resolve(weights.get(name)!);

/** A model with one wide layer, so that there are many numbers to judge. */
function wideModel() {
  const [words] = model.modules;
  return {
    ...model,
    modules: [words!, { kind: 'linear', path: 'large', inFeatures: 900, outFeatures: 400, bias: false }],
  } as const;
}

function start(
  initLoraWeights: InitLoraWeights,
  seed = 1,
  changes: Partial<LoraOptions> = {},
): Promise<InitialAdapter> {
  const chosen = options({ r: 4, targetModules: ['large', 'words'], initLoraWeights, ...changes });
  const large = randomValues([['large.weight', [400, 900]]]);
  return initializeAdapter(planAdapter(wideModel(), chosen), seed, (name) => Promise.resolve(large.get(name)!));
}

function deviation(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function assertUniform(values: Float32Array, bound: number): void {
  const largest = Math.max(...values.map(Math.abs));
  assert.ok(largest <= bound && largest > 0.99 * bound, `largest ${largest} of ${bound}`);
  // Variance of a uniform distribution: bound² / 3.
  assert.ok(Math.abs(deviation(values) / (bound / Math.sqrt(3)) - 1) < 0.03);
}

function assertNormal(values: Float32Array, expected: number): void {
  assert.ok(Math.abs(deviation(values) / expected - 1) < 0.05);
  const outside = values.filter((value) => Math.abs(value) > 2 * expected).length / values.length;
  assert.ok(outside > 0.035 && outside < 0.056, `${outside} are beyond two deviations, expected 0.0455`);
}

describe('starting values', () => {
  const A = 'large.lora_A.weight';
  const B = 'large.lora_B.weight';

  test('true: A uniform within 1/√in, B zero', async () => {
    const { tensors, baseWeights } = await start(true);
    assertUniform(tensors.get(A)!, 1 / Math.sqrt(900));
    assert.ok(tensors.get(B)!.every((value) => value === 0));
    assert.equal(baseWeights.size, 0);
  });

  test('gaussian: A normal with deviation 1/r, B zero', async () => {
    const { tensors } = await start('gaussian');
    assertNormal(tensors.get(A)!, 1 / 4);
    assert.ok(tensors.get(B)!.every((value) => value === 0));
  });

  test('false: B uniform within 1/√r as well', async () => {
    const { tensors } = await start(false);
    assertUniform(tensors.get(A)!, 1 / Math.sqrt(900));
    assertUniform(tensors.get(B)!, 1 / Math.sqrt(4));
    assert.ok(deviation(tensors.get('words.lora_embedding_A')!) > 0.5);
  });

  test('an embedding has A zero and B standard normal', async () => {
    for (const init of [true, 'gaussian', 'pissa', 'olora'] as const) {
      const { tensors } = await start(init);
      assert.ok(tensors.get('words.lora_embedding_A')!.every((value) => value === 0));
      const spread = deviation(tensors.get('words.lora_embedding_B')!);
      assert.ok(spread > 0.5 && spread < 1.6);
    }
  });

  test('the same seed gives the same numbers, whatever else is adapted', async () => {
    const { tensors } = await start(true, 5);
    const alone = await start(true, 5, { targetModules: ['large'] });
    assert.deepEqual(alone.tensors.get(A), tensors.get(A));
    assert.notDeepEqual((await start(true, 6)).tensors.get(A), tensors.get(A));
  });

  test('saved modules, biases and fully trained weights start as copies of the model', async () => {
    const adapter = planAdapter(model, options({ targetModules: ['wide'], modulesToSave: ['head'], bias: 'all' }));
    for (const plan of [adapter, planFull(model)]) {
      const { tensors } = await initializeAdapter(plan, 1, weightOf);
      assert.equal(tensors.size, plan.trainables.length);
      for (const { name, baseWeight } of plan.trainables) {
        if (baseWeight === undefined) continue;
        assert.deepEqual(tensors.get(name), weights.get(baseWeight));
        assert.notEqual(tensors.get(name), weights.get(baseWeight), 'training must not change the model');
      }
    }
  });

  test('a saved head of a tied model starts from the embedding', async () => {
    const tied = fixtureModel('llama-tied');
    const own = randomValues(tied.parameters);
    const adapter = planAdapter(tied, options({ modulesToSave: ['lm_head'] }));
    const { tensors } = await initializeAdapter(adapter, 1, (name) => Promise.resolve(own.get(name)!));
    assert.deepEqual(tensors.get('lm_head.weight'), own.get('model.embed_tokens.weight'));
  });
});

describe('PiSSA and OLoRA', () => {
  for (const init of ['pissa', 'pissa_niter_4', 'olora'] as const) {
    test(`${init} changes base and adapter so that together they compute the same`, async () => {
      const adapter = planAdapter(model, options({ targetModules: ['wide', 'narrow'], initLoraWeights: init }));
      const { tensors, baseWeights } = await initializeAdapter(adapter, 1, weightOf);
      assert.ok(changesBase(adapter));
      assert.deepEqual([...baseWeights.keys()], ['wide.weight', 'narrow.weight']);
      const residual = new Map([...weights, ...baseWeights]);
      assertClose(await adaptedLogits(model, residual, adapter, tensors), await plainLogits(model, weights));
      assertFar(await plainLogits(model, residual), await plainLogits(model, weights));
    });
  }

  test('other starts leave the base alone', () => {
    for (const initLoraWeights of [true, false, 'gaussian'] as const) {
      assert.ok(!changesBase(planAdapter(model, options({ targetModules: ['wide'], initLoraWeights }))));
    }
    const words = options({ targetModules: ['words'], initLoraWeights: 'pissa' });
    assert.ok(!changesBase(planAdapter(model, words)));
  });
});
