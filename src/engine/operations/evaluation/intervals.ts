/** A range that holds the true value with a probability of 95 %. */
export type Interval = readonly [low: number, high: number];

/** One group of rows: the sum of a figure over its tokens (or answers), and how many there are. */
export interface Group {
  readonly sum: number;
  readonly count: number;
}

/**
 * The mean of a figure per token with its interval, from groups that were drawn independently of each other: the ratio
 * estimator Σ sums / Σ counts, its variance by linearization (Cochran, Sampling Techniques, chapter 6), and Student's t.
 * Tokens of one text are alike, so that counting each as a draw of its own would claim too much.
 */
export function meanOf(groups: readonly Group[]): { readonly mean: number; readonly interval: Interval } {
  const count = groups.reduce((total, group) => total + group.count, 0);
  const mean = groups.reduce((total, { sum }) => total + sum, 0) / count;
  const n = groups.length;
  if (n < 2) return { mean, interval: [-Infinity, Infinity] };
  const squares = groups.reduce((total, group) => total + (group.sum - mean * group.count) ** 2, 0);
  const margin = (studentQuantile(n - 1) * Math.sqrt((n / (n - 1)) * squares)) / count;
  return { mean, interval: [mean - margin, mean + margin] };
}

/** The 97.5 % quantile of Student's t: an expansion around the normal's (Abramowitz and Stegun 26.7.5), exact for few. */
export function studentQuantile(freedom: number): number {
  const exact = [12.7062, 4.3027, 3.1824, 2.7764];
  if (freedom <= exact.length) return exact[freedom - 1]!;
  const z = 1.959964;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return terms.reduce((sum, term, i) => sum + term / freedom ** (i + 1), z);
}

/** A share of successes with its interval (Wilson 1927), which is sound for few draws and for none or all. */
export function shareOf(successes: number, draws: number): { readonly share: number; readonly interval: Interval } {
  const z2 = 1.959964 ** 2;
  const share = successes / draws;
  const centre = (share + z2 / (2 * draws)) / (1 + z2 / draws);
  const margin = Math.sqrt(z2 * ((share * (1 - share)) / draws + z2 / (4 * draws ** 2))) / (1 + z2 / draws);
  return { share, interval: [Math.max(0, centre - margin), Math.min(1, centre + margin)] };
}
