import type { EncodedRow } from './encode';
import type { PlacedRow } from './order';

export interface DatasetStatistics {
  readonly rows: number;
  readonly tokens: number;
  readonly supervisedTokens: number;
  /** Tokens of the longest example (of the sample, when estimated), after the cut at `maxLength`. */
  readonly longest: number;
  /** Rows in which nothing is a target of the loss; training leaves them out. */
  readonly unsupervisedRows: number;
  /** Rows that were cut at `maxLength`. */
  readonly truncatedRows: number;
  /** False when every row was looked at, true when the numbers are scaled up from a sample. */
  readonly estimated: boolean;
  /** Tokens of each row that was looked at and has something supervised, in the order of looking. */
  readonly lengths: Uint32Array;
}

/** Looks at every row, or at the first `limit` of a sample and scales up. */
export async function gatherStatistics(
  rows: AsyncGenerator<PlacedRow>,
  encode: (row: PlacedRow) => EncodedRow,
  options: { readonly rowCount: number; readonly rowCountIsExact: boolean; readonly limit: number },
): Promise<DatasetStatistics> {
  let looked = 0;
  const sums = { tokens: 0, supervisedTokens: 0, unsupervisedRows: 0, truncatedRows: 0 };
  let longest = 0;
  const lengths: number[] = [];
  for await (const row of rows) {
    const { ids, supervised, fullLength } = encode(row);
    looked++;
    const targets = supervised.reduce((sum, bit) => sum + bit, 0) - (supervised[0] ?? 0);
    sums.tokens += ids.length;
    sums.supervisedTokens += targets;
    if (targets === 0) sums.unsupervisedRows++;
    else lengths.push(ids.length);
    if (fullLength > ids.length) sums.truncatedRows++;
    longest = Math.max(longest, ids.length);
    if (looked >= options.limit) break;
  }
  const exact = options.rowCountIsExact && looked >= options.rowCount;
  const scale = exact || looked === 0 ? 1 : options.rowCount / looked;
  return {
    rows: options.rowCount,
    tokens: Math.round(sums.tokens * scale),
    supervisedTokens: Math.round(sums.supervisedTokens * scale),
    longest,
    unsupervisedRows: Math.round(sums.unsupervisedRows * scale),
    truncatedRows: Math.round(sums.truncatedRows * scale),
    estimated: !exact,
    lengths: Uint32Array.from(lengths),
  };
}
