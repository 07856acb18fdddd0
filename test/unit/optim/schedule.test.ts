import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scheduleFactor } from '../../../src/engine/optim/schedule';
import type { SchedulerType } from '../../../src/engine/optim/schedule';
import { readFixture } from './fixtures';

interface Case {
  readonly type: SchedulerType;
  readonly warmup: number;
  readonly total: number;
  readonly factors: readonly number[];
}

const cases = readFixture('schedules') as readonly Case[];

describe('the learning rate', () => {
  for (const { type, warmup, total, factors } of cases) {
    test(`of ${type} with ${warmup} steps of warm-up in ${total} is as in Transformers, also past the end`, () => {
      factors.forEach((expected, step) => {
        const factor = scheduleFactor(type, step, warmup, total);
        assert.ok(Math.abs(factor - expected) <= 1e-12, `step ${step}: ${factor}, not ${expected}`);
      });
    });
  }

  test('covers all four types', () => {
    assert.deepEqual(new Set(cases.map(({ type }) => type)).size, 4);
  });
});
