import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import type { LoraOptions } from '../../../src/engine/lora/adapter';
import { planAdapter, planFull } from '../../../src/engine/lora/adapter';
import type { DropoutInput } from '../../../src/engine/lora/layers';
import { initializeAdapter } from '../../../src/engine/lora/initialize';
import { loraLayers } from '../../../src/engine/lora/layers';
import { mergedDelta } from '../../../src/engine/lora/merge';
import { assertClose, assertFar } from './close';
import type { Values } from './compute';
import { adaptedLogits, logitsGraph, plainLogits, randomTensors, randomValues } from './compute';
import { fixtureModel, mixedModel, options } from './models';

const everywhere: Partial<LoraOptions> = { targetModules: ['words', 'wide', 'narrow', 'head'] };

/** A weight of the model plus what the adapter adds to it. */
function merged(weights: Values, adapter: ReturnType<typeof planAdapter>, tensors: Values): Values {
  const sum = new Map(weights);
  for (const target of adapter.targets) {
    const name = `${target.path}.weight`;
    const [a, b] = adapter.trainables.filter((trainable) => trainable.target === target).map(({ name }) => name);
    const delta = mergedDelta(target, tensors.get(a!)!, tensors.get(b!)!);
    sum.set(
      name,
      weights.get(name)!.map((value, i) => value + delta[i]!),
    );
  }
  return sum;
}

describe('loraLayers', () => {
  const model = mixedModel();
  const weights = randomValues(model.parameters);

  test('a new adapter changes nothing', async () => {
    for (const initLoraWeights of [true, 'gaussian'] as const) {
      const adapter = planAdapter(model, options({ ...everywhere, initLoraWeights }));
      const { tensors } = await initializeAdapter(adapter, 7, (name) => Promise.resolve(weights.get(name)!));
      assert.deepEqual(await adaptedLogits(model, weights, adapter, tensors), await plainLogits(model, weights));
    }
  });

  for (const path of ['words', 'wide', 'narrow', 'head']) {
    test(`merged equals attached: ${path}`, async () => {
      const adapter = planAdapter(model, options({ targetModules: [path], useRslora: true }));
      const tensors = randomTensors(adapter);
      const attached = await adaptedLogits(model, weights, adapter, tensors);
      assertClose(attached, await plainLogits(model, merged(weights, adapter, tensors)));
      assertFar(attached, await plainLogits(model, weights));
    });
  }

  test('LLaMA: merged equals attached on all linear layers', async () => {
    const llama = fixtureModel('llama-biased');
    const own = randomValues(llama.parameters);
    const adapter = planAdapter(llama, options({ targetModules: 'all-linear' }));
    const tensors = randomTensors(adapter);
    const attached = await adaptedLogits(llama, own, adapter, tensors);
    assertClose(attached, await plainLogits(llama, merged(own, adapter, tensors)), 1e-4);
    assertFar(attached, await plainLogits(llama, own));
  });

  test('saved modules and biases take the place of those of the model', async () => {
    const adapter = planAdapter(model, options({ targetModules: ['wide'], modulesToSave: ['head'], bias: 'all' }));
    const tensors = randomTensors(adapter);
    const replaced = new Map([...merged(weights, adapter, tensors), ...tensors]);
    assert.deepEqual([...tensors.keys()].slice(2), ['head.weight', 'wide.bias', 'narrow.bias']);
    assertClose(await adaptedLogits(model, weights, adapter, tensors), await plainLogits(model, replaced));
  });

  test('a trained tensor is an input of the graph by its name', () => {
    const adapter = planAdapter(model, options({ targetModules: ['narrow', 'words'], modulesToSave: ['head'] }));
    const layers = loraLayers(new GraphBuilder(), model, adapter, { dropout: true });
    for (const { name, shape } of adapter.trainables) {
      const value = layers.trainable.get(name)!;
      assert.deepEqual(value.node.attributes, { name, dtype: 'f32', shape });
    }
    assert.equal(layers.trainable.size, adapter.trainables.length);
  });
});

describe('tied weights', () => {
  const model = mixedModel({ tied: true });
  const weights = randomValues(model.parameters);
  const untied = mixedModel();

  for (const path of ['head', 'words']) {
    test(`a saved ${path} becomes a weight of its own, the other stays`, async () => {
      const adapter = planAdapter(model, options({ targetModules: ['narrow'], modulesToSave: [path] }));
      const tensors = randomTensors(adapter);
      const apart = new Map(merged(weights, adapter, tensors)).set('head.weight', weights.get('words.weight')!);
      apart.set(`${path}.weight`, tensors.get(`${path}.weight`)!);
      assertClose(await adaptedLogits(model, weights, adapter, tensors), await plainLogits(untied, apart));
    });
  }

  test('both saved are two weights', async () => {
    const adapter = planAdapter(model, options({ targetModules: ['narrow'], modulesToSave: ['head', 'words'] }));
    const tensors = randomTensors(adapter);
    const apart = new Map([...merged(weights, adapter, tensors), ...tensors]);
    assertClose(await adaptedLogits(model, weights, adapter, tensors), await plainLogits(untied, apart));
  });

  test('a stored adapter on one of them leaves the other alone', async () => {
    for (const path of ['head', 'words']) {
      const adapter = planAdapter(model, options({ targetModules: [path] }), 'stored');
      const tensors = randomTensors(adapter);
      const both = new Map(weights).set('head.weight', weights.get('words.weight')!);
      const apart = merged(both, adapter, tensors);
      assertClose(await adaptedLogits(model, weights, adapter, tensors), await plainLogits(untied, apart));
    }
  });

  test('method full trains them as one', async () => {
    const adapter = planFull(model);
    const tensors = randomTensors(adapter);
    assertClose(await adaptedLogits(model, weights, adapter, tensors), await plainLogits(model, tensors));
    const graph = logitsGraph(model, (b) => loraLayers(b, model, adapter, { dropout: false }));
    assert.ok(graph.nodes.every(({ op }) => op !== 'weight'));
  });
});

describe('dropout', () => {
  const model = mixedModel();
  const weights = randomValues(model.parameters);
  const adapter = planAdapter(model, options({ ...everywhere, loraDropout: 0.75 }));
  const tensors = randomTensors(adapter);
  const mask = (value: (input: DropoutInput, feature: number) => number) => (input: DropoutInput) =>
    Array.from({ length: 6 * input.features }, (_, i) => value(input, i % input.features));

  test('a dropped input contributes nothing, what is kept counts 1 / (1 − p)', async () => {
    const only = planAdapter(model, options({ targetModules: ['wide'], loraDropout: 0.75 }));
    const dropped = await adaptedLogits(
      model,
      weights,
      only,
      tensors,
      mask((_, feature) => Number(feature === 1)),
    );
    const equal = new Map(tensors);
    // A without its columns 0, 2 and 3, and four times what is left.
    equal.set(
      'wide.lora_A.weight',
      tensors.get('wide.lora_A.weight')!.map((a, i) => (i % 4 === 1 ? 4 * a : 0)),
    );
    assertClose(dropped, await adaptedLogits(model, weights, only, equal));
    assertFar(dropped, await plainLogits(model, weights));
  });

  test('everything dropped leaves the base and the embedding, which has no dropout', async () => {
    const dropped = await adaptedLogits(
      model,
      weights,
      adapter,
      tensors,
      mask(() => 0),
    );
    const words = planAdapter(model, options({ targetModules: ['words'] }));
    assertClose(dropped, await adaptedLogits(model, weights, words, tensors));
  });

  test('asks for one mask per use of a linear target', () => {
    const b = new GraphBuilder();
    const layers = loraLayers(b, model, adapter, { dropout: true });
    layers.linear('wide', b.input('x', 'f32', ['B*T', 4]));
    layers.linear('head', b.input('first', 'f32', ['S0', 4]));
    layers.linear('head', b.input('second', 'f32', ['S1', 4]));
    assert.deepEqual(layers.dropoutInputs, [
      { name: 'dropout.wide', path: 'wide', rows: 'B*T', features: 4 },
      { name: 'dropout.head', path: 'head', rows: 'S0', features: 4 },
      { name: 'dropout.head.1', path: 'head', rows: 'S1', features: 4 },
    ]);
  });

  test('none where nothing is trained or nothing is dropped', () => {
    const graphs = [
      logitsGraph(model, (b) => loraLayers(b, model, adapter, { dropout: false })),
      logitsGraph(model, (b) => loraLayers(b, model, planAdapter(model, options(everywhere)), { dropout: true })),
    ];
    for (const graph of graphs) assert.ok(graph.nodes.every(({ op }) => op !== 'keep'));
  });
});
