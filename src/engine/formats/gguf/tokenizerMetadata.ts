import type { JsonObject } from '../jsonFile';
import { isJsonObject } from '../jsonFile';
import { ggufTokenizerUnwritable } from './failures';
import { kinds, styleOf } from './tokenizer';
import type { GgufEntry } from './writeGguf';

/** A tokenizer to be written; see `TokenizerParts` of the engine's data. */
export interface TokenizerToWrite {
  /** tokenizer.json, its steps as they are used. */
  readonly json: JsonObject;
  /** `bos_token` → `<s>` and so on. */
  readonly named: Readonly<Record<string, string>>;
  readonly added: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[];
  /** Whether a first or last token is put around a text. */
  readonly adds: { readonly bos: boolean; readonly eos: boolean };
  readonly chatTemplate: string | undefined;
  /** Rows of the model's embedding; tokens that the tokenizer does not have are unused. */
  readonly rows: number;
}

const key = (name: string): string => `tokenizer.ggml.${name}`;

/**
 * The metadata of a tokenizer, which `tokenizerOf` reads again as the same.
 * @throws Failure `gguf-tokenizer-unwritable` where GGUF has no name for how it splits text
 */
export function tokenizerMetadata(tokenizer: TokenizerToWrite): ReadonlyMap<string, GgufEntry> {
  const { json, named, added, adds, rows, chatTemplate } = tokenizer;
  const model = isJsonObject(json['model']) ? json['model'] : {};
  const style = styleOf(json);
  if (style === undefined || model['type'] !== 'BPE') throw ggufTokenizerUnwritable();
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const kindOf = tokens.map((): number => kinds.unused);
  // llama.cpp takes as many tokens as there are rows: the model has no vector for those beyond.
  const put = (id: number, token: string, kind: number): void => {
    if (id < 0 || id >= rows) return;
    tokens[id] = token;
    kindOf[id] = kind;
  };
  const vocab = Object.entries(model['vocab'] as Readonly<Record<string, number>>);
  const isPieces = style.model === 'llama';
  for (const [token, id] of vocab)
    put(id, token, isPieces && /^<0x[0-9A-F]{2}>$/.test(token) ? kinds.byte : kinds.normal);
  for (const { id, content, special } of added) put(id, content, special === true ? kinds.control : kinds.userDefined);
  const unknown = model['unk_token'] ?? named['unk_token'];
  if (isPieces && typeof unknown === 'string') put(tokens.indexOf(unknown), unknown, kinds.unknown);
  const merges = (model['merges'] ?? []) as readonly (string | readonly string[])[];
  const metadata = new Map<string, GgufEntry>([
    [key('model'), { text: style.model }],
    ...(style.model === 'gpt2' ? ([[key('pre'), { text: style.pre }]] as const) : []),
    [key('tokens'), { texts: tokens }],
    [key('token_type'), { i32s: kindOf }],
    isPieces
      ? [key('scores'), { f32s: scoresOf(tokens, merges) }]
      : [key('merges'), { texts: merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))) }],
    [key('add_bos_token'), { flag: adds.bos }],
    [key('add_eos_token'), { flag: adds.eos }],
    ...(isPieces ? ([[key('add_space_prefix'), { flag: style.prefix }]] as const) : []),
  ]);
  for (const [name, ggufName] of Object.entries(namesOfIds)) {
    const token = named[name];
    const id = token === undefined ? -1 : tokens.indexOf(token);
    if (id >= 0) metadata.set(key(`${ggufName}_token_id`), { u32: id });
  }
  if (chatTemplate !== undefined) metadata.set('tokenizer.chat_template', { text: chatTemplate });
  return metadata;
}

const namesOfIds = { bos_token: 'bos', eos_token: 'eos', unk_token: 'unknown', pad_token: 'padding' } as const;

/** A list of merges as SentencePiece's scores: the earlier a piece is made, the higher. */
function scoresOf(tokens: readonly string[], merges: readonly (string | readonly string[])[]): number[] {
  const rank = new Map<string, number>();
  for (const merge of merges) {
    const piece = typeof merge === 'string' ? merge.replace(' ', '') : merge.join('');
    if (!rank.has(piece)) rank.set(piece, rank.size);
  }
  return tokens.map((token) => -(rank.get(token) ?? rank.size));
}
