import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Stopwatch } from '../../../src/engine/train/stopwatch';

/** A stopwatch for `steps` steps whose clock goes where `at` sets it, in seconds. */
function stopwatch(steps: number): { watch: Stopwatch; at: (seconds: number) => void } {
  let now = 0;
  const watch = new Stopwatch(steps, () => now);
  return { watch, at: (seconds) => (now = 1000 * seconds) };
}

describe('the stopwatch of a run', () => {
  test('tells the speed of a step and the time that is left at this pace', () => {
    const { watch, at } = stopwatch(10);
    at(2);
    assert.deepEqual(watch.lap(1000), { tokens_per_second: 500, eta_seconds: 18 });
  });

  test('leaves an evaluation between two steps out of the speed, and not out of the time that is left', () => {
    const { watch, at } = stopwatch(2);
    at(10);
    watch.begin();
    at(11);
    assert.deepEqual(watch.lap(100), { tokens_per_second: 100, eta_seconds: 11 });
  });

  test('follows a changed pace, but not every single step', () => {
    const { watch, at } = stopwatch(100);
    at(1);
    watch.lap(1);
    at(3);
    const { eta_seconds } = watch.lap(1);
    assert.ok(eta_seconds > 98 && eta_seconds < 2 * 98, `${eta_seconds}`);
    for (let second = 5; second < 120; second += 2) {
      at(second);
      watch.lap(1);
    }
    at(121);
    assert.ok(Math.abs(watch.lap(1).eta_seconds / (100 - 61) - 2) < 0.01);
  });

  test('never tells a negative or an infinite number', () => {
    const { watch, at } = stopwatch(1);
    const first = watch.lap(5);
    assert.ok(Number.isFinite(first.tokens_per_second));
    at(1);
    assert.equal(watch.lap(5).eta_seconds, 0);
  });
});
