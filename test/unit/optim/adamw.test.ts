import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adamWStep, zeroMoments } from '../../../src/engine/optim/adamw';
import type { AdamWOptions } from '../../../src/engine/optim/adamw';
import { readFixture } from './fixtures';

interface Case {
  readonly options: AdamWOptions;
  readonly rates: readonly number[];
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly values: readonly (readonly number[])[];
}

const cases = readFixture('adamw') as readonly Case[];
const plain: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

describe('AdamW', () => {
  for (const { options, rates, start, gradients, values } of cases) {
    test(`updates as torch.optim.AdamW with ${JSON.stringify(options)}`, () => {
      const parameter = Float32Array.from(start);
      const moments = zeroMoments(start.length);
      gradients.forEach((gradient, at) => {
        adamWStep(parameter, Float32Array.from(gradient), moments, at + 1, rates[at]!, 1, options);
        parameter.forEach((value, i) => {
          const expected = values[at]![i]!;
          const rounding = 4e-7 * Math.max(Math.abs(expected), rates[at]!);
          assert.ok(Math.abs(value - expected) <= rounding, `step ${at + 1}, value ${i}: ${value}, not ${expected}`);
        });
      });
    });
  }

  test('scales the gradient first, so that sums and clipping need no pass of their own', () => {
    const [whole, scaled] = [Float32Array.of(1, -2, 3), Float32Array.of(1, -2, 3)];
    const [first, second] = [zeroMoments(3), zeroMoments(3)];
    adamWStep(whole, Float32Array.of(0.25, -0.5, 2), first, 1, 0.1, 1, plain);
    adamWStep(scaled, Float32Array.of(1, -2, 8), second, 1, 0.1, 0.25, plain);
    assert.deepEqual([scaled, second], [whole, first]);
  });

  test('with a learning rate of 0 remembers the gradient and changes nothing', () => {
    const parameter = Float32Array.of(1, 2);
    const moments = zeroMoments(2);
    adamWStep(parameter, Float32Array.of(1, 0), moments, 1, 0, 1, { ...plain, weightDecay: 0.5 });
    assert.deepEqual(parameter, Float32Array.of(1, 2));
    assert.ok(moments.first[0]! > 0 && moments.second[0]! > 0);
  });

  test('decays weights apart from the gradient', () => {
    const parameter = Float32Array.of(8);
    adamWStep(parameter, Float32Array.of(0), zeroMoments(1), 1, 0.5, 1, { ...plain, weightDecay: 0.5 });
    assert.deepEqual(parameter, Float32Array.of(6));
  });
});
