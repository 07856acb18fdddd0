import type { Dataset } from './dataset';
import type { Example } from './example';

/** One row of a batch: one example, or with packing several whose total length is at most `maxLength`. */
export type Bin = readonly Example[];

/** Where the data stands after a window. Plain JSON; `windows(…, cursor)` goes on exactly there. */
export interface DataCursor {
  readonly epoch: number;
  /** Rows of this epoch's order that were taken, those left out and those still waiting to be packed included. */
  readonly consumed: number;
  /** Places in this epoch's order of the examples that wait in the packing buffer. */
  readonly pending: readonly number[];
}

/** What one optimizer step trains on: the examples of all its accumulation micro-batches. */
export interface Window {
  readonly epoch: number;
  /** At most batchSize × accumulation. */
  readonly bins: readonly Bin[];
  readonly supervisedTokens: number;
  readonly tokens: number;
  /** The position after this window. */
  readonly cursor: DataCursor;
  readonly endOfEpoch: boolean;
}

export interface WindowOptions {
  readonly batchSize: number;
  readonly accumulation: number;
  readonly packing: boolean;
  readonly maxLength: number;
  /** Undefined: without end. */
  readonly epochs: number | undefined;
}

export declare function windows(dataset: Dataset, options: WindowOptions, from?: DataCursor): AsyncGenerator<Window>;

export declare function stepsPerEpoch(
  dataset: Dataset,
  options: WindowOptions,
): Promise<{ readonly steps: number; readonly estimated: boolean }>;
