import assert from 'node:assert/strict';

/** Asserts that all numbers agree to `tolerance` of the largest expected one. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length);
  assert.ok(expected.length > 0);
  const difference = farthest(actual, expected);
  assert.ok(difference <= tolerance, `numbers differ by ${difference} of the largest`);
}

/** Asserts that some number differs by more than `difference` of the largest expected one. */
export function assertFar(actual: ArrayLike<number>, expected: ArrayLike<number>, difference = 1e-2): void {
  assert.equal(actual.length, expected.length);
  assert.ok(farthest(actual, expected) > difference, 'numbers are the same');
}

function farthest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Math.max(...Array.from(expected, Math.abs), 1e-30);
  // NaN is farther than any tolerance.
  const differences = Array.from(expected, (value, i) => Math.abs(actual[i]! - value) / scale);
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences);
}
