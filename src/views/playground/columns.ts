import type { PlaygroundColumn } from '../../run/playground';
import { foldersOf } from '../../run/playgroundColumns';
import { maxColumns } from '../../run/playgroundProtocol';

/** What a column is called: `Base model`, `poems`, `poems × 0.5 + letters`. */
export function columnName(column: PlaygroundColumn, nameOf: (folder: string) => string): string {
  if (column.length === 0) return 'Base model';
  return column
    .map(({ folder, weight }) => (weight === 1 ? nameOf(folder) : `${nameOf(folder)} × ${weight}`))
    .join(' + ');
}

/**
 * The columns of the page after some more were asked for, and those that have no room. In place of all that are there, or those
 * besides them that are not there yet.
 */
export function withColumns(
  there: readonly PlaygroundColumn[],
  asked: readonly PlaygroundColumn[],
  replaces: boolean,
): { readonly columns: readonly PlaygroundColumn[]; readonly left: readonly PlaygroundColumn[] } {
  const known = new Set(there.map(foldersOf));
  const all = replaces ? asked : [...there, ...asked.filter((column) => !known.has(foldersOf(column)))];
  return { columns: all.slice(0, maxColumns), left: all.slice(maxColumns) };
}

export function isSameColumn(one: PlaygroundColumn, other: PlaygroundColumn | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
