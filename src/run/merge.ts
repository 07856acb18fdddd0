import type { WeightedAdapter } from './answers';

/** How weights are stored; the names are PyTorch's. */
export const mergeDtypes = ['float32', 'float16', 'bfloat16'] as const;
export type MergeDtype = (typeof mergeDtypes)[number];

/** Which adapters to merge into which base model, and where to write the result. */
export interface MergeRequest {
  /** Absolute path of a model folder, or a hub id; null is the one that the first adapter names. */
  readonly baseModel: string | null;
  /** One at least. */
  readonly adapters: readonly WeightedAdapter[];
  /** Absolute path of the folder that is made. */
  readonly output: string;
  /** Null keeps that of each weight of the base model. */
  readonly dtype: MergeDtype | null;
  /** Whether an older model in that place is replaced. */
  readonly overwrite: boolean;
}

/** How far a merge is: `done` of `total`, bytes written or texts compared. */
export interface MergeNews {
  readonly stage: 'writing' | 'proving';
  readonly done: number;
  readonly total: number;
}

/**
 * The merged model, read again from its files, compared with base and adapters on probe texts: raw scores (logits) of
 * every token of the vocabulary at every position.
 */
export interface MergeProof {
  readonly positions: number;
  /** Largest difference between merged and attached. */
  readonly max_difference: number;
  /** The same as a share of how far scores lie apart: root of the mean square, over the deviation of the scores. */
  readonly relative_difference: number;
  /** The largest share that counts as equal for how the weights are stored. */
  readonly limit: number;
  /** What the adapters change, measured as `relative_difference`: attached against the base. */
  readonly relative_change: number;
  /** Share of positions with the same likeliest token. */
  readonly same_top_token: number;
}

export interface MergedModel {
  /** Absolute path. */
  readonly output: string;
  /** All files. */
  readonly bytes: number;
  readonly base_model: string;
  /** What the weights that the adapters change are stored as. */
  readonly dtype: MergeDtype;
  /** Files with weights. */
  readonly shards: number;
  /** Weights that are not as in the base model. */
  readonly changed: number;
  readonly proof: MergeProof;
  /** What to know of the result, one sentence each. */
  readonly notes: readonly string[];
}

export type MergeOutcome =
  | { readonly outcome: 'finished'; readonly model: MergedModel }
  /** Nothing was written. */
  | { readonly outcome: 'cancelled' };
