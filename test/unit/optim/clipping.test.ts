import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clipFactor, globalNorm } from '../../../src/engine/optim/clipping';
import { readFixture } from './fixtures';

interface Case {
  readonly gradients: readonly (readonly number[])[];
  readonly max_norm: number;
  readonly norm: number;
  readonly clipped: readonly (readonly number[])[];
}

const cases = readFixture('clipping') as readonly Case[];
const singles = (values: readonly number[]): Float32Array => Float32Array.from(values);

describe('clipping by the global norm', () => {
  for (const { gradients, max_norm, norm, clipped } of cases) {
    test(`brings a norm of ${norm} down to ${max_norm} as torch.nn.utils.clip_grad_norm_`, () => {
      const found = globalNorm(gradients.map(singles), 1);
      assert.ok(Math.abs(found - norm) <= 1e-6 * norm, `${found}`);
      const factor = clipFactor(found, max_norm);
      gradients.flat().forEach((value, i) => {
        const expected = clipped.flat()[i]!;
        assert.ok(Math.abs(value * factor - expected) <= 1e-6 * Math.abs(expected), `${value * factor}`);
      });
    });
  }

  test('takes the scale of the gradients into account', () => {
    assert.equal(globalNorm([singles([30, 40])], 0.1), 5);
    assert.equal(globalNorm([singles([30, 40])], -0.1), 5);
  });

  test('0 switches it off', () => assert.equal(clipFactor(1e9, 0), 1));

  test('norms of what is not finite are not finite', () => {
    assert.ok(!Number.isFinite(globalNorm([singles([1]), singles([Number.NaN])], 1)));
    assert.ok(!Number.isFinite(globalNorm([singles([Number.POSITIVE_INFINITY])], 1)));
  });

  test('large gradients do not overflow, as they would in single precision', () => {
    assert.equal(globalNorm([singles([2 ** 100, 0])], 1), 2 ** 100);
  });
});
