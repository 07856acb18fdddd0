import type { PlaygroundColumn } from './playground';

/**
 * For each column the one of a run that it goes on with or whose text it shows: the same adapters with the same weights, else the
 * same adapters; null where the run has none.
 */
export function matchColumns(
  columns: readonly PlaygroundColumn[],
  written: readonly PlaygroundColumn[],
): readonly (number | null)[] {
  const matched: (number | null)[] = columns.map(() => null);
  const taken = new Set<number>();
  for (const keyOf of [JSON.stringify, foldersOf]) {
    columns.forEach((column, at) => {
      if (matched[at] !== null) return;
      const found = written.findIndex((each, other) => !taken.has(other) && keyOf(each) === keyOf(column));
      if (found < 0) return;
      matched[at] = found;
      taken.add(found);
    });
  }
  return matched;
}

/** A text that columns with the same adapters share, whatever their weights, and no others. */
export function foldersOf(column: PlaygroundColumn): string {
  return JSON.stringify(column.map(({ folder }) => folder));
}
