import { formatNumber } from '../../run/format';

/** Where a run's gradient norm counts as usual, jumpy and far off: multiples of its own median. */
export interface HealthBands {
  readonly usual: number;
  readonly jumpy: number;
}

export type Health = 'unknown' | 'steady' | 'jumpy' | 'exploding';

/** Norms that a verdict looks back at, and fewest that make a median worth naming. */
const recent = 20;
const enough = 10;

/**
 * What is healthy depends on model and loss, so a run is measured by itself: up to 3 times its median is usual,
 * beyond 10 times something is wrong. Undefined where too little is known.
 */
export function healthBands(norms: Float64Array): HealthBands | undefined {
  const median = medianOf(norms);
  return median === undefined || median === 0 ? undefined : { usual: 3 * median, jumpy: 10 * median };
}

/** A verdict over the last steps; those that were skipped in half precision have no norm (NaN). */
export function healthOf(norms: Float64Array, bands: HealthBands | undefined): Health {
  if (bands === undefined) return 'unknown';
  const last = norms.filter((norm) => !Number.isNaN(norm)).subarray(-recent);
  const highest = Math.max(...last);
  if (!last.every((norm) => Number.isFinite(norm)) || highest > bands.jumpy) return 'exploding';
  return highest > bands.usual ? 'jumpy' : 'steady';
}

/** A norm in words. */
export function normText(norm: number): string {
  return Number.isNaN(norm) ? 'skipped' : formatNumber(norm);
}

/** Of at most a few thousand of the values, evenly taken: the median of a long run needs no more. */
function medianOf(values: Float64Array): number | undefined {
  const stride = Math.max(1, Math.floor(values.length / 2000));
  const sample = values.filter((value, at) => at % stride === 0 && Number.isFinite(value)).sort();
  return sample.length < enough ? undefined : sample[sample.length >> 1];
}
