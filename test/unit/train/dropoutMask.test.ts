import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dropoutMask } from '../../../src/engine/train/dropoutMask';

const size = 100_000;
const sum = (mask: Uint8Array): number => mask.reduce((total, bit) => total + bit, 0);

/** Share of elements that two masks have in common. */
function agreement(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((total, bit, i) => total + (bit === b[i] ? 1 : 0), 0) / a.length;
}

describe('a dropout mask', () => {
  for (const probability of [0.05, 0.1, 0.5, 0.9]) {
    test(`switches off a share of ${probability}`, () => {
      const dropped = size - sum(dropoutMask(size, probability, [1, 2, 3, 'q_proj']));
      // Six standard deviations of a binomial distribution.
      const spread = 6 * Math.sqrt(size * probability * (1 - probability));
      assert.ok(Math.abs(dropped - size * probability) < spread, `${dropped}`);
    });
  }

  test('of probability 0 keeps everything, of 1 nothing', () => {
    assert.equal(sum(dropoutMask(size, 0, [1])), size);
    assert.equal(sum(dropoutMask(size, 1, [1])), 0);
  });

  test('is the same for the same keys', () => {
    assert.deepEqual(dropoutMask(1001, 0.3, [7, 1, 0, 'a']), dropoutMask(1001, 0.3, [7, 1, 0, 'a']));
  });

  test('is another, independent one for every seed, step, micro-batch and layer', () => {
    const masks = [
      dropoutMask(size, 0.5, [1, 1, 0, 'layers.0.q_proj']),
      dropoutMask(size, 0.5, [2, 1, 0, 'layers.0.q_proj']),
      dropoutMask(size, 0.5, [1, 2, 0, 'layers.0.q_proj']),
      dropoutMask(size, 0.5, [1, 1, 1, 'layers.0.q_proj']),
      dropoutMask(size, 0.5, [1, 1, 0, 'layers.1.q_proj']),
    ];
    masks.forEach((mask, i) => {
      for (const other of masks.slice(i + 1)) {
        assert.ok(Math.abs(agreement(mask, other) - 0.5) < 6 * Math.sqrt(0.25 / size));
      }
    });
  });

  test('has no pattern between neighbours', () => {
    const mask = dropoutMask(size, 0.5, [3, 1, 0, 'x']);
    for (const distance of [1, 2, 3, 32, 64, 128]) {
      const share = agreement(mask.subarray(distance), mask.subarray(0, size - distance));
      assert.ok(Math.abs(share - 0.5) < 6 * Math.sqrt(0.25 / size), `${distance}: ${share}`);
    }
  });

  test('of an odd size is the start of the longer one', () => {
    assert.deepEqual(dropoutMask(7, 0.5, [1, 'a']), dropoutMask(8, 0.5, [1, 'a']).subarray(0, 7));
  });
});
