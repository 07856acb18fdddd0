import type { Bin } from './batches';

/** A micro-batch as the graph sees it: B rows × T columns, N = B·T tokens, row-major. */
export interface MicroBatch {
  readonly batch: number;
  readonly length: number;
  /** [B, T], padding 0. */
  readonly ids: Int32Array;
  /** [B, T], from 0 again with each example. */
  readonly positions: Int32Array;
  /** [B, T] number of the example in its row from 1 on, 0 for padding. */
  readonly segments: Int32Array;
  /** [S] flat index n of the hidden state that predicts a supervised token, ascending. */
  readonly supervised: Int32Array;
  /** [S] the token id at n + 1. */
  readonly labels: Int32Array;
  /** Tokens without padding. */
  readonly tokens: number;
}

export interface LayoutOptions {
  /** Most bins whose rows are computed at once. */
  readonly batchSize: number;
  readonly maxLength: number;
  /** Cost of one token, padding included, in any unit. */
  readonly tokenCost: number;
  /** Cost of one pair of tokens of a row (B·T² pairs), in the same unit. */
  readonly attentionCost: number;
}

export declare function layOut(bins: readonly Bin[], options: LayoutOptions): MicroBatch[];
