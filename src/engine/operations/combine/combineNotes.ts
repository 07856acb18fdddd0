import { formatPercent } from '../../../run/format';
import type { CombinationType } from '../../../run/combine';
import type { Part } from './parts';

/** What to know of a combined adapter, one sentence each. */
export function notesOf(
  type: CombinationType,
  parts: readonly Part[],
  rank: number,
  difference: number,
): readonly string[] {
  const share = formatPercent(100 * difference);
  const bases = new Set(parts.map(({ baseModel }) => baseModel));
  return [
    ...(difference === 0
      ? ['It does exactly what the weighted sum of the adapters does, but for rounding to 32 bits.']
      : [`It differs from the weighted sum of the adapters by ${share} of it.`]),
    ...(difference > 0.05 && type === 'svd'
      ? [`Rank ${rank} is small for that: --svd-rank with a larger number, or --combination-type cat, keeps more.`]
      : []),
    ...(difference > 0 && type === 'linear'
      ? ['"linear" adds up A and B each by itself, so that parts of different adapters are multiplied, too.']
      : []),
    ...(bases.size > 1
      ? [`The adapters name different base models: ${[...bases].map((base) => base ?? 'none').join(', ')}.`]
      : []),
  ];
}
