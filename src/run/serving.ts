/** What a server of texts is asked to be. */
export interface ServeOptions {
  /** Absolute path of a model folder or file, or a hub id. */
  readonly baseModel: string;
  /** What clients call it; otherwise it has its folder's or file's name, or its hub id. */
  readonly baseName?: string;
  /** By the names that clients ask for. */
  readonly adapters: readonly ServedAdapter[];
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** `undefined`: nobody is asked for one. */
  readonly apiKey: string | undefined;
  /** Texts that are written at the same time. */
  readonly parallel: number;
  /** Texts that may wait beyond them. */
  readonly maxWaiting: number;
  /** Tokens of a text at most, the prompt's included. */
  readonly maxLength: number | undefined;
}

/** What a server tells those who watch it. */
export type ServeNews =
  | { readonly type: 'listening'; readonly url: string; readonly models: readonly string[] }
  | {
      readonly type: 'request';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly seconds: number;
    }
  | { readonly type: 'attached'; readonly name: string; readonly folder: string }
  | { readonly type: 'detached'; readonly name: string }
  | { readonly type: 'problem'; readonly message: string }
  | { readonly type: 'ended' };

/** An adapter by the name that clients ask for. */
export interface ServedAdapter {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
}

/** A server that listens, for those who started it. */
export interface AdapterServing {
  /**
   * Attaches an adapter, or another one in place of an earlier one of that name. What is being written is finished with
   * what it began with.
   * @throws Failure where it cannot be read, belongs to another model, or the base model has that name
   */
  attach(adapter: ServedAdapter): Promise<void>;
  /** Whether there was one of that name. What is being written with it is finished. */
  detach(name: string): boolean;
}
