import type { Bin } from './batches';
import { planRows } from './rowPlan';
import type { LayoutOptions } from './rowPlan';

export type { LayoutOptions };

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

/**
 * Lays the bins of a window out in micro-batches. The loss of a window is a sum over its supervised tokens, so the
 * layout is free: short bins are joined in one row, which needs no padding, and micro-batches of an accumulation are
 * merged or divided, whichever costs least. No micro-batch has more tokens, padding included, than `batchSize` rows
 * as long as the window's longest bin: what the plain layout needs. No row is longer than `maxLength`. Lengths are
 * not rounded: the runtimes take any, and a multiple of 8 would only add padding.
 */
export function layOut(bins: readonly Bin[], options: LayoutOptions): MicroBatch[] {
  const lengths = bins.map((bin) => bin.reduce((sum, example) => sum + example.ids.length, 0));
  return planRows(lengths, options).map((rows) => fillRows(rows.map((row) => row.flatMap((index) => bins[index]!))));
}

function fillRows(rows: readonly Bin[]): MicroBatch {
  const lengths = rows.map((row) => row.reduce((sum, example) => sum + example.ids.length, 0));
  const length = Math.max(...lengths);
  const size = rows.length * length;
  const ids = new Int32Array(size);
  const positions = new Int32Array(size);
  const segments = new Int32Array(size);
  const supervised: number[] = [];
  const labels: number[] = [];
  for (const [row, examples] of rows.entries()) {
    let at = row * length;
    for (const [number, example] of examples.entries()) {
      ids.set(example.ids, at);
      segments.fill(number + 1, at, at + example.ids.length);
      for (let token = 0; token < example.ids.length; token++) {
        positions[at + token] = token;
        if (token === 0 || example.supervised[token] !== 1) continue;
        supervised.push(at + token - 1);
        labels.push(example.ids[token]!);
      }
      at += example.ids.length;
    }
  }
  return {
    batch: rows.length,
    length,
    ids,
    positions,
    segments,
    supervised: Int32Array.from(supervised),
    labels: Int32Array.from(labels),
    tokens: lengths.reduce((sum, tokens) => sum + tokens, 0),
  };
}
