import type { WeightedAdapter } from './answers';

/** How several adapters become one; the names are those of PEFT's `add_weighted_adapter`. */
export const combinationTypes = ['svd', 'cat', 'linear'] as const;
export type CombinationType = (typeof combinationTypes)[number];

/** Which adapters to combine, and where to write the one that is made of them. */
export interface CombineRequest {
  /** One at least. */
  readonly adapters: readonly WeightedAdapter[];
  /** Absolute path of a model folder or file, or a hub id; null is the one that the first adapter names. */
  readonly baseModel: string | null;
  readonly combinationType: CombinationType;
  /** Rank of the result, with `svd` only; null is the largest rank of the adapters. */
  readonly svdRank: number | null;
  /** Absolute path of the adapter folder that is made. */
  readonly output: string;
  /** Whether an older adapter in that place is replaced. */
  readonly overwrite: boolean;
}

export interface CombinedAdapter {
  /** Absolute path. */
  readonly output: string;
  readonly bytes: number;
  readonly combination_type: CombinationType;
  readonly rank: number;
  /** Layers that it adapts. */
  readonly modules: number;
  /** How far it is from the weighted sum of what the adapters do, as a share of it: root of the sum of squares. */
  readonly relative_difference: number;
  /** What to know of the result, one sentence each. */
  readonly notes: readonly string[];
}

export type CombineOutcome =
  | { readonly outcome: 'finished'; readonly adapter: CombinedAdapter }
  /** Nothing was written. */
  | { readonly outcome: 'cancelled' };
