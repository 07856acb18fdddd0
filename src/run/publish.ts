/** An adapter that is put on the Hugging Face hub. */
export interface PublishRequest {
  /** Absolute path of the adapter's folder. */
  readonly adapter: string;
  /** `owner/name`. */
  readonly repo: string;
  /** Whether a new repository is for its owner alone; one that is public already is refused then. */
  readonly isPrivate: boolean;
  /** Hub id that the published files call their base model; null is what the adapter calls it. */
  readonly baseModel: string | null;
  /** Null is the one in the environment or of `hf auth login`. */
  readonly token: string | null;
}

/** What publishing would send, and where to. */
export type PublishPreviewRequest = Pick<PublishRequest, 'adapter' | 'baseModel' | 'token'>;

export interface PublishPreview {
  /** Address of the hub, without a slash at its end. */
  readonly endpoint: string;
  /** Whose token it is: the owner of the repositories that it makes. */
  readonly owner: string;
  /** Hub id that the published files call their base model. */
  readonly base_model: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export type PublishPreviewOutcome =
  { readonly outcome: 'finished'; readonly preview: PublishPreview } | { readonly outcome: 'cancelled' };

/** Whether a text is `owner/name` as the hub takes it. */
export function isRepository(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(text) && !/\.\.|--|\.git$/.test(text);
}

/** What happens meanwhile: a file's bytes are on their way, or the network gives trouble. */
export type PublishNews =
  | { readonly type: 'file'; readonly name: string; readonly bytes: number }
  | { readonly type: 'waiting'; readonly reason: string; readonly seconds: number };

export interface PublishedAdapter {
  readonly repo: string;
  /** Address of its page. */
  readonly url: string;
  readonly is_private: boolean;
  readonly is_new: boolean;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Names of the files that are there now and were compared by their hashes. */
  readonly files: readonly string[];
  /** Of these, those that were other or missing before. */
  readonly changed: readonly string[];
}

export type PublishOutcome =
  | { readonly outcome: 'finished'; readonly adapter: PublishedAdapter }
  /** Nothing is in the repository's history; it may have been made. */
  | { readonly outcome: 'cancelled' };
