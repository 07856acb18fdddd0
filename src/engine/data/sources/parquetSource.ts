import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { datasetUnreadable } from '../failures';
import type { ByteFile } from './byteFile';
import type { RawRow, RowBlock, RowSource, SourceLimits } from './rowSource';

interface RowRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Parquet stores columns, so its rows come in blocks: a row group, or a part of one that is too large to be held.
 * A small file is one block.
 */
export async function openParquetSource(bytes: ByteFile, limits: SourceLimits): Promise<RowSource> {
  const file: AsyncBuffer = {
    byteLength: bytes.size,
    slice: (start, end = bytes.size) => {
      const piece = bytes.read(start, end - start);
      return piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.length) as ArrayBuffer;
    },
  };
  const metadata = await readMetadata(bytes, file);
  const ranges = planBlocks(metadata, limits);
  const rowCount = Number(metadata.num_rows);
  const names = parquetSchema(metadata).children.map((child) => child.element.name);
  let columns: string[] = names;

  const openBlock = async (number: number): Promise<RowBlock> => {
    const { start: rowStart, end: rowEnd } = ranges[number]!;
    let rows: RawRow[];
    try {
      rows = await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors });
    } catch (error) {
      throw datasetUnreadable(bytes.path, `its rows cannot be decoded (${(error as Error).message})`, error);
    }
    return {
      length: rows.length,
      read: (index) => rows[index]!,
      place: (index) => ({ row: rowStart + index }),
      findLine: () => undefined,
    };
  };
  return {
    file: bytes.path,
    blockCount: ranges.length,
    sequential: false,
    windowBlocks: Math.max(
      1,
      Math.floor((ranges.length * limits.windowBytes) / Math.max(1, uncompressedBytes(metadata))),
    ),
    rowCount,
    estimateRowCount: () => Promise.resolve(rowCount),
    byteLength: bytes.size,
    columnNames: () => names,
    openBlock,
    firstRow: (block) => ranges[block]!.start,
    selectColumns: (needed) => {
      columns = names.filter((name) => needed.includes(name));
    },
    close: () => bytes.close(),
  };
}

async function readMetadata(bytes: ByteFile, file: AsyncBuffer): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(file);
  } catch (error) {
    throw datasetUnreadable(bytes.path, `it is not a complete Parquet file (${(error as Error).message})`, error);
  }
}

function uncompressedBytes(metadata: FileMetaData): number {
  return metadata.row_groups.reduce((sum, group) => sum + Number(group.total_byte_size), 0);
}

function planBlocks(metadata: FileMetaData, limits: SourceLimits): RowRange[] {
  const total = Number(metadata.num_rows);
  // All columns of one block are decoded at once, so "small" means less here than for text.
  if (uncompressedBytes(metadata) <= limits.indexBytes / 4) return total === 0 ? [] : [{ start: 0, end: total }];
  const ranges: RowRange[] = [];
  let start = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const parts = Math.max(1, Math.ceil(Number(group.total_byte_size) / limits.windowBytes));
    const rowsPerPart = Math.ceil(rows / parts);
    for (let from = 0; from < rows; from += rowsPerPart) {
      ranges.push({ start: start + from, end: start + Math.min(rows, from + rowsPerPart) });
    }
    start += rows;
  }
  return ranges;
}
