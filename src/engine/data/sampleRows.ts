import { RowProblem, TemplateExhausted } from './failures';
import type { Reading } from './reading';
import type { RowBlock, RowPlace, RowSource } from './sources/rowSource';
import { placeOf } from './scanRows';

/** One row as the model would see it without any cut. */
export interface SampledRow {
  readonly ids: Int32Array;
  readonly supervised: Uint8Array;
  /** Finding the line of a row in a large file takes time. */
  readonly place: () => RowPlace;
}

/** Blocks of a large file that a sample is taken from. */
const sampledBlocks = 8;

/** Rows from all over a file, always the same; rows that cannot be used are left out. */
export async function* sampleRows(source: RowSource, reading: Reading, limit: number): AsyncGenerator<SampledRow> {
  const count = Math.min(source.blockCount, sampledBlocks);
  // What can only be read in order is sampled from its beginning.
  const stride = source.sequential ? 1 : source.blockCount / count;
  for (let at = 0; at < count; at++) {
    const block = await source.openBlock(Math.floor(at * stride));
    for (const index of spread(block.length, Math.ceil(limit / count))) {
      const encoded = encodedRow(block, index, reading);
      if (encoded !== undefined) yield { ...encoded, place: () => placeOf(block, index) };
    }
  }
}

function encodedRow(
  block: RowBlock,
  index: number,
  { read, encode }: Reading,
): { readonly ids: Int32Array; readonly supervised: Uint8Array } | undefined {
  try {
    return encode(read(block.read(index)));
  } catch (error) {
    if (error instanceof RowProblem) return undefined;
    if (error instanceof TemplateExhausted) throw error.in(block.place(index).row);
    throw error;
  }
}

/** At most `limit` numbers below `length`, evenly apart. */
function spread(length: number, limit: number): number[] {
  const count = Math.min(length, limit);
  return Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
}
