import type { Value } from '../graph/types';
import type { DecoderInputs, Layers } from './model';

export interface AttentionShape {
  /** Number of the block. */
  readonly block: number;
  /** Factor on the scores. */
  readonly scale: number;
  /** Only the last so many positions are seen; `null` is all. */
  readonly window: number | null;
}

/**
 * What each position takes from itself and from those before it, earlier ones of a text that is continued included:
 * (q [B, T, H, d], k [B, T, K, d], v [B, T, K, d]) → [B, T, H, d]
 */
export function attend(
  { b }: Layers,
  { positions, segments, store }: DecoderInputs,
  { block, scale, window }: AttentionShape,
  q: Value,
  k: Value,
  v: Value,
): Value {
  const inMask = (build: () => Value): Value => b.within({ scope: 'mask', block: undefined }, build);
  const mask = inMask(() => b.op('attentionMask', { window }, positions, segments));
  if (store === undefined) return b.op('attention', { scale }, q, k, v, mask);
  const byHead = (x: Value): Value => b.transpose(x, [0, 2, 1, 3]);
  const [keys, values] = [byHead(k), byHead(v)];
  const past = store.continueWith(block, keys, values);
  const pastMask = inMask(() => b.op('cacheMask', { window }, positions, store.lengths, store.slots));
  return b.op('cachedAttention', { scale }, q, keys, values, mask, past.keys, past.values, pastMask);
}
