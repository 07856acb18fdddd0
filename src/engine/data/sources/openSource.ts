import path from 'node:path';
import { datasetUnreadable, RowProblem, rowInvalid } from '../failures';
import { openByteFile } from './byteFile';
import type { ByteFile } from './byteFile';
import { openParquetSource } from './parquetSource';
import { openRecordSource } from './recordSource';
import type { RecordFormat } from './recordSource';
import type { RowSource, SourceLimits } from './rowSource';
import { csvFormat, jsonFormat, plainTextFormat } from './textFormats';

const formatsByEnding: Readonly<Record<string, (bytes: ByteFile) => RecordFormat>> = {
  '.jsonl': (bytes) => jsonFormat(bytes, true),
  '.ndjson': (bytes) => jsonFormat(bytes, true),
  '.json': (bytes) => jsonFormat(bytes, false),
  '.csv': (bytes) => csvFormat(bytes, false),
  '.tsv': (bytes) => csvFormat(bytes, true),
  '.txt': plainTextFormat,
  '.md': plainTextFormat,
};

/**
 * Opens a file of rows by its ending.
 * @throws Failure `dataset-missing`, `dataset-unreadable`, `dataset-encoding`, `dataset-not-rows`, `dataset-empty`,
 * `dataset-row-invalid`
 */
export async function openSource(file: string, limits: SourceLimits): Promise<RowSource> {
  const bytes = openByteFile(file);
  try {
    const ending = path.extname(file).toLowerCase();
    if (ending === '.parquet' || bytes.read(0, 4).toString('latin1') === 'PAR1') {
      return await openParquetSource(bytes, limits);
    }
    const format = formatsByEnding[ending];
    if (format === undefined) throw datasetUnreadable(file, `files ending in "${ending}" are not known`);
    return openRecordSource(bytes, format(bytes), limits);
  } catch (error) {
    bytes.close();
    // A problem with the header of a CSV file: it is the first line.
    throw error instanceof RowProblem ? rowInvalid({ file, line: 1 }, error) : error;
  }
}
