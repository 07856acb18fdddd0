import { windows } from '../data/batches';
import { planRows } from '../data/rowPlan';
import { layoutOptions } from './compile';
import type { Prepared } from './prepare';

/** Rows of a micro-batch, and tokens of each, padding included. */
export interface BatchShape {
  readonly rows: number;
  readonly length: number;
}

/** More rows than this, over all epochs, are not laid out only to see how large that gets. */
const laidOutRows = 30_000;
/** Of a sample's longest row, the longest of all rows is expected to be at most so many times as long… */
const margin = 1.25;
/** …and a multiple of so many tokens. */
const step = 64;

/**
 * The largest micro-batches of a run, none of which has both more rows and longer ones than another: those that there
 * will be where every row has been looked at, otherwise those that its longest row can lead to.
 */
export async function batchShapes(
  prepared: Prepared,
  steps: { readonly perEpoch: number; readonly total: number },
): Promise<readonly BatchShape[]> {
  const { train, windowOptions } = prepared;
  const { estimated, longest, rows } = await train.statistics();
  if (!estimated && (rows * steps.total) / steps.perEpoch <= laidOutRows) return laidOut(prepared, steps.total);
  const length = estimated ? step * Math.ceil((margin * longest) / step) : longest;
  return withLongest(prepared, windowOptions.packing ? windowOptions.maxLength : length);
}

/** What `layOut` makes of the very windows of the run. */
async function laidOut({ base, train, windowOptions }: Prepared, totalSteps: number): Promise<readonly BatchShape[]> {
  const options = layoutOptions(base, windowOptions);
  const largest = new Map<number, number>();
  let steps = 0;
  for await (const { bins } of windows(train, windowOptions)) {
    const lengths = bins.map((bin) => bin.reduce((sum, { ids }) => sum + ids.length, 0));
    for (const rows of planRows(lengths, options)) {
      const length = Math.max(...rows.map((row) => row.reduce((sum, bin) => sum + lengths[bin]!, 0)));
      largest.set(rows.length, Math.max(length, largest.get(rows.length) ?? 0));
    }
    if (++steps === totalSteps) break;
  }
  const shapes = [...largest].map(([rows, length]) => ({ rows, length }));
  const isWithin = (shape: BatchShape, other: BatchShape): boolean =>
    shape !== other && shape.rows <= other.rows && shape.length <= other.length;
  return shapes.filter((shape) => !shapes.some((other) => isWithin(shape, other)));
}

/** No micro-batch has more tokens than a plain one of rows with `longest` tokens; these may stand in fewer, longer rows. */
function withLongest({ windowOptions, maxLength }: Prepared, longest: number): readonly BatchShape[] {
  const { batchSize } = windowOptions;
  const length = Math.min(maxLength, longest);
  const joined = Math.min(maxLength, batchSize * length);
  return [
    { rows: batchSize, length },
    { rows: Math.ceil((batchSize * length) / joined), length: joined },
  ];
}
