export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * At most two points for each of `buckets` equal parts of [from, to]: the lowest and the highest of the part, in their
 * order. A line through them covers the same pixels as one through all, spikes included. One point outside on either
 * side is kept, so that lines run to the edges. `xs` ascend; where `y` is NaN nothing is drawn.
 */
export function decimate(
  xs: Float64Array,
  ys: Float64Array,
  from: number,
  to: number,
  buckets: number,
): readonly Point[] {
  const first = Math.max(0, lowerBound(xs, from) - 1);
  const end = Math.min(xs.length, lowerBound(xs, to) + 2);
  if (end - first <= 2 * buckets) return points(xs, ys, first, end);
  const width = (to - from) / buckets;
  const kept: Point[] = [];
  for (let start = first; start < end;) {
    const bucket = Math.floor((xs[start]! - from) / width);
    let low = -1;
    let high = -1;
    let next = start;
    for (; next < end && Math.floor((xs[next]! - from) / width) === bucket; next++) {
      const y = ys[next]!;
      if (low < 0 ? y === y : y < ys[low]!) low = next;
      if (high < 0 ? y === y : y > ys[high]!) high = next;
    }
    if (low < 0) low = high = start;
    kept.push(point(xs, ys, Math.min(low, high)));
    if (low !== high) kept.push(point(xs, ys, Math.max(low, high)));
    start = next;
  }
  return kept;
}

/** The first index whose x is not below `x`; the length where there is none. */
export function lowerBound(xs: Float64Array, x: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index whose x is nearest to `x`; -1 where there are none. */
export function nearest(xs: Float64Array, x: number): number {
  const after = lowerBound(xs, x);
  if (after === 0) return xs.length === 0 ? -1 : 0;
  if (after === xs.length) return after - 1;
  return x - xs[after - 1]! <= xs[after]! - x ? after - 1 : after;
}

function points(xs: Float64Array, ys: Float64Array, first: number, end: number): readonly Point[] {
  const all: Point[] = [];
  for (let at = first; at < end; at++) all.push(point(xs, ys, at));
  return all;
}

function point(xs: Float64Array, ys: Float64Array, at: number): Point {
  return { x: xs[at]!, y: ys[at]! };
}
