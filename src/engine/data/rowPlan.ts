export interface LayoutOptions {
  readonly batchSize: number;
  readonly maxLength: number;
  /** Cost of one token, padding included, in any unit. */
  readonly tokenCost: number;
  /** Cost of one pair of tokens of a row (B·T² pairs), in the same unit. */
  readonly attentionCost: number;
}

/** Bins (by number) that share a row. */
type Row = readonly number[];

interface Arrangement {
  readonly rows: readonly Row[];
  readonly cost: number;
}

/** What starting a micro-batch costs besides its tokens, in tokens: some thousand small ops of a graph. */
const startCost = 32;

/** With more bins than this, neighbours are only divided every few bins: planning must not take time. */
const fineBins = 48;

/**
 * Divides bins into micro-batches and those into rows, at least cost. Bins are sorted by length and each micro-batch
 * takes neighbours, as bins of about one length leave little padding; which neighbours is found by dynamic
 * programming over all divisions.
 * @param lengths tokens of each bin, at most `maxLength`
 * @returns micro-batches → rows → numbers of bins
 */
export function planRows(lengths: readonly number[], options: LayoutOptions): (readonly Row[])[] {
  if (lengths.length === 0) return [];
  const order = [...lengths.keys()].sort((left, right) => lengths[right]! - lengths[left]! || left - right);
  const sorted = order.map((index) => lengths[index]!);
  const tokenLimit = options.batchSize * sorted[0]!;
  // As many bins as a plain batch has always fit in one micro-batch, so a division is always found.
  const stride = Math.min(options.batchSize, Math.ceil(sorted.length / fineBins));
  const sums = [0];
  for (const length of sorted) sums.push(sums.at(-1)! + length);
  const cuts = [...sorted.keys()].filter((index) => index % stride === 0).concat(sorted.length);

  const best: { cost: number; from: number; rows: readonly Row[] }[] = [{ cost: 0, from: -1, rows: [] }];
  for (let end = 1; end < cuts.length; end++) {
    let found = { cost: Infinity, from: -1, rows: [] as readonly Row[] };
    for (let start = end - 1; start >= 0 && sums[cuts[end]!]! - sums[cuts[start]!]! <= tokenLimit; start--) {
      const arranged = arrange(sorted, cuts[start]!, cuts[end]!, tokenLimit, options);
      if (arranged === undefined) continue;
      const cost = best[start]!.cost + arranged.cost;
      if (cost < found.cost) found = { cost, from: start, rows: arranged.rows };
    }
    best.push(found);
  }
  const batches: (readonly Row[])[] = [];
  for (let at = best[cuts.length - 1]!; at.from !== -1; at = best[at.from]!) batches.unshift(at.rows);
  return batches.map((rows) => rows.map((row) => row.map((index) => order[index]!)));
}

/**
 * The cheapest rows for the bins `[start, end)` in one micro-batch, or undefined if they do not fit in one. Rows as
 * long as the longest bin cost the least attention; how many that makes is known to one or two. Else every bin has a
 * row of its own.
 */
function arrange(
  sorted: readonly number[],
  start: number,
  end: number,
  tokenLimit: number,
  options: LayoutOptions,
): Arrangement | undefined {
  const total = sorted.slice(start, end).reduce((sum, length) => sum + length, 0);
  const about = Math.floor(total / sorted[start]!);
  const counts = [about - 1, about, about + 1, about + 2].filter((count) => count > 0 && count < end - start);
  let best: Arrangement | undefined;
  for (const count of [...counts, end - start]) {
    const { rows, length } = balance(sorted, start, end, count);
    if (length > options.maxLength || count * length > tokenLimit) continue;
    const cost = count * length * (options.tokenCost + length * options.attentionCost) + startCost * options.tokenCost;
    if (best === undefined || cost < best.cost) best = { rows, cost };
  }
  return best;
}

/** Spreads bins over `count` rows, the longest first and each into the row that is shortest so far. */
function balance(
  sorted: readonly number[],
  start: number,
  end: number,
  count: number,
): { readonly rows: Row[]; readonly length: number } {
  const rows = Array.from({ length: count }, (): number[] => []);
  const filled = new Array<number>(count).fill(0);
  for (let index = start; index < end; index++) {
    let shortest = 0;
    for (let row = 1; row < count; row++) if (filled[row]! < filled[shortest]!) shortest = row;
    rows[shortest]!.push(index);
    filled[shortest]! += sorted[index]!;
  }
  return { rows, length: Math.max(...filled) };
}
