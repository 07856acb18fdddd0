import { readFile } from 'node:fs/promises';
import { Tokenizer as TokenizersLibrary } from '@huggingface/tokenizers';
import { tokenizerInvalid, tokenizerMissing } from './failures';
import { gatherSpecialTokens } from './specialTokens';
import { asTransformersBuildsIt } from './tokenizerClass';
import type { AddedTokenJson, TokenizerJson } from './tokenizerClass';
import { inLibraryDialect } from './tokenizerDialect';
import { createTokenBytes, readToken } from './tokenText';

export interface EncodeOptions {
  /** What the tokenizer puts around a text of its own accord, such as a first `<s>`; default true. */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Default false. */
  readonly skipSpecialTokens?: boolean;
}

/** Gives the ids that Transformers' `AutoTokenizer` gives for the same model folder. */
export interface Tokenizer {
  /** Ids that the tokenizer can give, added tokens included; the model's embedding may have more rows. */
  readonly vocabSize: number;
  readonly bosId?: number;
  readonly eosId?: number;
  readonly padId?: number;
  readonly eosToken?: string;
  /** `bos_token` → `<s>` and so on: what chat templates may ask for. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Ids that are never text, such as `<s>`. */
  readonly specialIds: ReadonlySet<number>;
  encode(text: string, options?: EncodeOptions): Int32Array;
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The bytes of text that a token stands for; of one that stands for none, those of its name. */
  tokenBytes(id: number): Uint8Array;
  /** One token as people read it: the piece of text it stands for, or its name if it stands for none. */
  tokenText(id: number): string;
}

export interface TokenizerSource {
  /** `tokenizer.json`, or the file that holds its content in another form; see `tokenizerJson`. */
  readonly tokenizerFile: string;
  /** The content of `tokenizer.json`, where there is no such file. */
  readonly tokenizerJson?: Readonly<Record<string, unknown>>;
  /** The content of `tokenizer_config.json`. */
  readonly tokenizerConfig?: Readonly<Record<string, unknown>>;
  /** The content of `special_tokens_map.json`. */
  readonly specialTokensMap?: Readonly<Record<string, unknown>>;
  /** `model_type` in `config.json`; Transformers chooses the tokenizer class by it too. */
  readonly modelType?: string;
  /** Ids from `config.json` for tokens that the tokenizer's own files do not name. */
  readonly fallbackIds?: { readonly bosId?: number; readonly eosId?: number; readonly padId?: number };
}

/** What a tokenizer is made of, as Transformers would build it. */
export interface TokenizerParts {
  readonly json: TokenizerJson;
  /** `bos_token` → `<s>` and so on. */
  readonly named: Readonly<Record<string, string>>;
  /** Every token that is found in a text as a whole. */
  readonly added: readonly AddedTokenJson[];
}

/** @throws Failure `tokenizer-missing`, `tokenizer-invalid` */
export async function openTokenizer(source: TokenizerSource): Promise<Tokenizer> {
  const { json, named, added } = await readTokenizerParts(source);
  const library = openLibrary(source.tokenizerFile, { ...json, added_tokens: added });
  return wrap(library, json, named, added);
}

/** @throws Failure `tokenizer-missing`, `tokenizer-invalid` */
export async function readTokenizerParts(source: TokenizerSource): Promise<TokenizerParts> {
  const config = source.tokenizerConfig ?? {};
  const file = complete(source.tokenizerFile, source.tokenizerJson ?? (await readTokenizerFile(source.tokenizerFile)));
  const { json, rebuilt, specialTokens: classTokens } = asTransformersBuildsIt(file, config, source.modelType);
  const { named, added } = gatherSpecialTokens({
    json,
    rebuilt,
    classTokens,
    config,
    map: source.specialTokensMap ?? {},
    fallbackIds: {
      bos_token: source.fallbackIds?.bosId,
      eos_token: source.fallbackIds?.eosId,
      pad_token: source.fallbackIds?.padId,
    },
  });
  return { json, named, added };
}

async function readTokenizerFile(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw tokenizerMissing(file);
    throw tokenizerInvalid(file, 'the file cannot be read', error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw tokenizerInvalid(file, 'the file is not complete JSON', error);
  }
}

function complete(file: string, json: unknown): TokenizerJson {
  const tokenizer = json as Partial<TokenizerJson> | null;
  if (typeof tokenizer?.model?.vocab !== 'object') throw tokenizerInvalid(file, 'it holds no model with a vocabulary');
  const { normalizer = null, pre_tokenizer = null, post_processor = null, decoder = null, model } = tokenizer;
  return { ...tokenizer, normalizer, pre_tokenizer, post_processor, decoder, model };
}

function openLibrary(file: string, json: TokenizerJson): TokenizersLibrary {
  try {
    // Cleaning up spaces would remove them before punctuation; Transformers does so for WordPiece alone.
    return new TokenizersLibrary(inLibraryDialect(json), {
      clean_up_tokenization_spaces: json.model.type === 'WordPiece',
    });
  } catch (error) {
    throw tokenizerInvalid(file, error instanceof Error ? error.message : String(error), error);
  }
}

function wrap(
  library: TokenizersLibrary,
  json: TokenizerJson,
  named: Readonly<Record<string, string>>,
  added: readonly AddedTokenJson[],
): Tokenizer {
  const contents = [...library.get_vocab()].reduce<string[]>((list, [content, id]) => {
    list[id] = content;
    return list;
  }, []);
  const id = (name: string) => (named[name] === undefined ? undefined : library.token_to_id(named[name]));
  const optional = { bosId: id('bos_token'), eosId: id('eos_token'), padId: id('pad_token') };
  const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  const tokenBytes = createTokenBytes(contents, json.decoder, added);

  return {
    vocabSize: contents.length,
    ...present,
    ...(named['eos_token'] === undefined ? {} : { eosToken: named['eos_token'] }),
    specialTokens: named,
    specialIds: new Set(added.filter((token) => token.special === true).map((token) => token.id)),
    encode: (text, options) =>
      Int32Array.from(library.encode(text, { add_special_tokens: options?.addSpecialTokens ?? true }).ids),
    decode: (ids, options) => {
      // A model's embedding may have more rows than the tokenizer has tokens; those stand for nothing.
      const known = Array.from(ids).filter((token) => contents[token] !== undefined);
      if (known.length === 0) return '';
      return library.decode(known, { skip_special_tokens: options?.skipSpecialTokens ?? false });
    },
    tokenBytes,
    tokenText: (token) => (contents[token] === undefined ? `<${token}>` : readToken(tokenBytes(token))),
  };
}
