import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LoraOptions } from '../../../src/engine/lora/adapter';
import { planAdapter } from '../../../src/engine/lora/adapter';
import { initializeAdapter } from '../../../src/engine/lora/initialize';
import { toPlainLora } from '../../../src/engine/lora/plainLora';
import { assertClose, assertFar } from './close';
import { adaptedLogits, plainLogits, randomValues } from './compute';
import { mixedModel, options } from './models';
import { patternValues } from './peftOptions';

describe('toPlainLora', () => {
  const model = mixedModel();
  const weights = randomValues(model.parameters);
  const chosen = (changes: Partial<LoraOptions>): LoraOptions =>
    options({
      r: 1,
      targetModules: ['words', 'wide', 'narrow', 'head'],
      rankPattern: patternValues({ narrow: 2 }),
      alphaPattern: patternValues({ wide: 7 }),
      bias: 'lora_only',
      ...changes,
    });

  for (const useRslora of [false, true]) {
    for (const initLoraWeights of ['pissa', 'olora'] as const) {
      test(`${initLoraWeights}${useRslora ? ' with rsLoRA' : ''}: the same on the untouched base`, async () => {
        const before = chosen({ useRslora, initLoraWeights });
        const adapter = planAdapter(model, before);
        const initial = await initializeAdapter(adapter, 3, (name) => Promise.resolve(weights.get(name)!));
        const noise = randomValues(adapter.trainables.map(({ name, shape }) => [name, shape]));
        const trained = new Map(
          [...initial.tensors].map(([name, values]) => [name, values.map((x, i) => x + 0.3 * noise.get(name)![i]!)]),
        );
        const plain = toPlainLora(adapter, before, trained, initial.tensors);

        const after = planAdapter(model, plain.options, 'stored');
        assert.equal(plain.options.initLoraWeights, true);
        assert.deepEqual(
          [...plain.tensors].map(([name, { shape }]) => [name, shape]),
          after.trainables.map(({ name, shape }) => [name, shape]),
        );
        const tensors = new Map([...plain.tensors].map(([name, { data }]) => [name, data]));
        const residual = new Map([...weights, ...initial.baseWeights]);
        const expected = await adaptedLogits(model, residual, adapter, trained);
        assertClose(await adaptedLogits(model, weights, after, tensors), expected);
        assertFar(expected, await plainLogits(model, weights));
      });
    }
  }
});
