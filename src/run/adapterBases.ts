/** An adapter folder with the base model that it belongs to, as far as it can be found. */
export interface DescribedAdapter {
  /** Absolute. */
  readonly folder: string;
  /** Null where it is not there or cannot be opened: `problem` says why. */
  readonly base: AdapterBase | null;
  readonly problem: AdapterProblem | null;
}

/** What is known of a base model before any of its weights are read. */
export interface AdapterBase {
  /** Absolute path of the folder or GGUF file, the same for all names of it that links make. */
  readonly path: string;
  /** Its folder's or file's name, or its hub id. */
  readonly name: string;
  /** Such as `llama`. */
  readonly family: string;
  /** Tokens of a text at most. */
  readonly contextLength: number;
  readonly hasChatTemplate: boolean;
}

/** A failure's words. */
export interface AdapterProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}
