import { Failure } from '../../failure/failure';
import type { RecipeDraft } from '../../recipe/draft';
import type { DataFacts } from '../../recipe/facts';
import type { RowFormat } from '../data/rowFormat';
import { scanRows } from '../data/scanRows';
import { failureFacts } from './failureFacts';

/**
 * What the first rows of a dataset file look like, read as the recipe says.
 * @param file absolute path
 * @throws Failure where the file cannot be read or is empty
 */
export async function dataFacts(file: string, { dataset }: RecipeDraft, signal?: AbortSignal): Promise<DataFacts> {
  const options = {
    format: (dataset?.format ?? 'auto') as 'auto' | RowFormat,
    columns: dataset?.columns ?? {},
    template: dataset?.template ?? undefined,
  };
  const { detected, bytes, columns, rows, rowsAreExact, ...scan } = await scanRows(file, options, signal);
  const { format, columnOf } = detected instanceof Failure ? {} : detected;
  return {
    file,
    bytes,
    columns,
    rows,
    rowsAreExact,
    shape:
      format === undefined || columnOf === undefined
        ? { failure: failureFacts(detected as Failure) }
        : { format, columnOf },
    scannedRows: scan.scannedRows,
    badRows: scan.bad.map(failureFacts),
    badRowCount: scan.badCount,
    emptyRows: scan.empty.map((place) => ({ file, ...place })),
    emptyRowCount: scan.emptyCount,
  };
}
