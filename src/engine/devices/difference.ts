import { floats } from '../runtime/runtime';
import type { Tensors } from '../runtime/runtime';

/** The result that differs most. `size` is relative to the root mean square of what is expected; NaN is infinite. */
export function difference(actual: Tensors, expected: Tensors): { readonly name: string; readonly size: number } {
  let worst = { name: '', size: 0 };
  for (const name of Object.keys(expected)) {
    const [given, right] = [floats(actual, name), floats(expected, name)];
    const scale = Math.sqrt(right.reduce((sum, value) => sum + value * value, 0) / right.length);
    const largest = right.reduce((most, value, i) => {
      const error = Math.abs(given[i]! - value);
      return error <= most ? most : Number.isNaN(error) ? Infinity : error;
    }, 0);
    const size = largest === 0 ? 0 : largest / scale;
    if (size > worst.size) worst = { name, size };
  }
  return worst;
}
