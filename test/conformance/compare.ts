import assert from 'node:assert/strict';
import type { Tensor, Tensors } from '../../src/engine/runtime/runtime';

/** How far a result may be from float64's: |error| ≤ relative · |expected| + ofScale · rms(expected) + absolute. */
export interface Tolerance {
  readonly relative: number;
  readonly ofScale: number;
  readonly absolute: number;
}

/** Numbers are only moved, or computed without rounding. */
export const exact: Tolerance = { relative: 0, ofScale: 0, absolute: 0 };
/** One rounding per element. */
export const rounded: Tolerance = { relative: 1e-7, ofScale: 0, absolute: 0 };
/** Rounded to half precision, of which small numbers have fewer digits. */
export const halved: Tolerance = { relative: 2 ** -11, ofScale: 0, absolute: 2 ** -25 };
/** A function such as tanh, by a device's approximation. */
export const approximated: Tolerance = { relative: 2e-6, ofScale: 1e-6, absolute: 0 };
/** Sums, whose terms may cancel. */
export const summed: Tolerance = { relative: 2e-6, ofScale: 2e-6, absolute: 0 };
/** Differences of numbers near 1, whatever is left of them. */
export const cancelling: Tolerance = { relative: 2e-6, ofScale: 2e-6, absolute: 5e-6 };

/** Asserts that results have the expected names, types, shapes and, within the tolerance, numbers. */
export function assertClose(actual: Tensors, expected: Tensors, tolerance: Tolerance): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, tensor] of Object.entries(expected)) assertTensorClose(name, actual[name]!, tensor, tolerance);
}

function assertTensorClose(name: string, actual: Tensor, expected: Tensor, tolerance: Tolerance): void {
  assert.equal(actual.dtype, expected.dtype, `${name}: element type`);
  assert.deepEqual(actual.shape, expected.shape, `${name}: shape`);
  assert.equal(actual.data.length, expected.data.length, `${name}: number of elements`);
  const scale = rootMeanSquare(expected.data);
  let [worst, worstAt] = [0, -1];
  for (let i = 0; i < expected.data.length; i++) {
    const [x, y] = [actual.data[i]!, expected.data[i]!];
    const allowed = tolerance.relative * Math.abs(y) + tolerance.ofScale * scale + tolerance.absolute;
    const excess = Object.is(x, y) || x === y ? 0 : Number.isFinite(y) ? Math.abs(x - y) - allowed : Infinity;
    if (Number.isNaN(excess) || excess > worst) [worst, worstAt] = [excess, i];
    if (Number.isNaN(excess)) break;
  }
  assert.ok(
    worstAt < 0,
    `${name}[${worstAt}] is ${String(actual.data[worstAt])}, expected ${String(expected.data[worstAt])}`,
  );
}

/** Over the finite elements. */
function rootMeanSquare(data: ArrayLike<number>): number {
  const finite = Array.from(data).filter(Number.isFinite);
  return finite.length === 0 ? 0 : Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0) / finite.length);
}
