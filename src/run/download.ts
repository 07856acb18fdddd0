/** Which model to fetch from the hub. */
export interface DownloadRequest {
  /** `owner/name`, one of the old names without an owner, or the address of the model's page. */
  readonly id: string;
  /** Branch, tag or commit; null is `main`. */
  readonly revision: string | null;
  /** Null takes that of the environment, as `huggingface_hub` does. Never logged, never stored. */
  readonly token: string | null;
}

/** Whether a model can be trained in this machine's memory. */
export type Fit = 'fits' | 'tight' | 'too large';

/** What the hub said about a model, before its weights are fetched. */
export interface ModelFound {
  readonly type: 'model';
  readonly family: string;
  readonly parameters: number;
  /** All files that are wanted; how much of it is here already. */
  readonly total_bytes: number;
  readonly present_bytes: number;
  /** Memory for training with a recipe's defaults, and that of this machine. */
  readonly training_bytes: number;
  readonly machine_bytes: number;
  readonly fit: Fit;
}

/** News of a download, in order. */
export type DownloadNews =
  | ModelFound
  | {
      readonly type: 'progress';
      readonly file: string;
      readonly done_bytes: number;
      readonly total_bytes: number;
      readonly bytes_per_second: number;
      /** Null while nobody knows. */
      readonly eta_seconds: number | null;
    }
  /** Another process fetches the same model; what it has fetched is used then. */
  | { readonly type: 'waiting'; readonly pid: number }
  | { readonly type: 'retrying'; readonly reason: string; readonly seconds: number };

/** A model that lies in the hub cache in full. */
export interface DownloadedModel {
  readonly id: string;
  readonly revision: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Absolute path of the snapshot. */
  readonly folder: string;
  /** What a recipe writes to use it: the id, or the folder where the id means another revision. */
  readonly base_model: string;
  readonly files: number;
  readonly bytes: number;
  /** Of these, what had to be fetched now. */
  readonly downloaded_bytes: number;
}

export type DownloadOutcome =
  | { readonly outcome: 'finished'; readonly model: DownloadedModel }
  /** What has arrived is kept; null where nothing was known of the model yet. */
  | { readonly outcome: 'cancelled'; readonly done_bytes: number | null; readonly total_bytes: number | null };

/** A model of the list that people choose from. */
export interface ListedModel {
  readonly id: string;
  readonly parameters: number;
  /** Approximate: the hub says exactly. */
  readonly download_bytes: number;
  readonly license: string;
  /** What it is good for, in one sentence. */
  readonly purpose: string;
  readonly training_bytes: number;
  readonly machine_bytes: number;
  readonly fit: Fit;
  /** Absolute path of its folder in the local cache; null where it is not there. */
  readonly folder: string | null;
}

/** Codes of failures that another token may mend. */
export const tokenFailures: ReadonlySet<string> = new Set([
  'hub-model-gated',
  'hub-model-not-found',
  'hub-token-refused',
  'hub-forbidden',
]);
