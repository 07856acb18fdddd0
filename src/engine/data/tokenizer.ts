export interface EncodeOptions {
  /** What the tokenizer puts around a text of its own accord, such as a first `<s>`; default true. */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Default false. */
  readonly skipSpecialTokens?: boolean;
}

export interface Tokenizer {
  /** Ids that the tokenizer can give, added tokens included; the model's embedding may have more rows. */
  readonly vocabSize: number;
  readonly bosId?: number;
  readonly eosId?: number;
  readonly padId?: number;
  readonly bosToken?: string;
  readonly eosToken?: string;
  encode(text: string, options?: EncodeOptions): Int32Array;
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** One token as people read it: the piece of text it stands for, or its name if it stands for none. */
  tokenText(id: number): string;
}

export interface TokenizerSource {
  /** `tokenizer.json` */
  readonly tokenizerFile: string;
  /** The content of `tokenizer_config.json`. */
  readonly tokenizerConfig?: Readonly<Record<string, unknown>>;
  /** The content of `special_tokens_map.json`. */
  readonly specialTokensMap?: Readonly<Record<string, unknown>>;
  /** `model_type` in `config.json`; Transformers chooses the tokenizer class by it too. */
  readonly modelType?: string;
  /** Ids from `config.json` for tokens that the tokenizer's own files do not name. */
  readonly fallbackIds?: { readonly bosId?: number; readonly eosId?: number; readonly padId?: number };
}

export declare function openTokenizer(source: TokenizerSource): Promise<Tokenizer>;
