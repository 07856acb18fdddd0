/** What a server of texts is asked to be. */
export interface ServeOptions {
  /** Absolute path of a model folder or file, or a hub id. */
  readonly baseModel: string;
  /** By the names that clients ask for. */
  readonly adapters: readonly { readonly name: string; readonly folder: string }[];
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
