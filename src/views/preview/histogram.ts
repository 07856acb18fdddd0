/** How many values lie in `[from, to]`, both whole and counted in. */
export interface Bin {
  readonly from: number;
  /** Infinity in the last bin where it takes all that is larger. */
  readonly to: number;
  readonly count: number;
}

/** More bars than this cannot be told apart in a narrow column. */
const mostBins = 24;

/**
 * Counts whole values from `first` to about `last` in at most 24 bins of equal, round width; the last one takes what is
 * beyond.
 */
export function histogram(values: readonly number[], first: number, last: number): readonly Bin[] {
  const width = roundWidth((Math.max(first, last) - first + 1) / mostBins);
  const bins = Math.max(1, Math.ceil((last - first + 1) / width));
  const counts = new Array<number>(bins).fill(0);
  let hasBeyond = false;
  for (const value of values) {
    if (value < first) continue;
    const bin = Math.floor((value - first) / width);
    if (bin >= bins) hasBeyond = true;
    counts[Math.min(bin, bins - 1)]!++;
  }
  return counts.map((count, at) => ({
    from: first + at * width,
    to: hasBeyond && at === bins - 1 ? Infinity : first + (at + 1) * width - 1,
    count,
  }));
}

/** 1, 2, 5, 10, 20, 50 …: the first that is not below `width`. */
export function roundWidth(width: number): number {
  for (let unit = 1; ; unit *= 10) {
    for (const factor of [1, 2, 5]) if (unit * factor >= width) return unit * factor;
  }
}

/**
 * The last value that a chart of lengths shows: the longest row, but a few very long ones must not press all others
 * into one bar. What `max_length` is near is shown up to there.
 */
export function lastLength(lengths: readonly number[], maxLength: number): number {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const usual = Math.max(2 * maxLength, quantile(lengths, 0.99));
  const shown = Math.min(longest, usual);
  return shown <= maxLength && maxLength <= 1.5 * shown ? Math.ceil(1.05 * maxLength) : shown;
}

/** The value below which a share of all values lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}
