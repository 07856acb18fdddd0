import type { AddedTokenJson, TokenizerJson } from './tokenizerClass';

/** Transformers' names of the special tokens that a tokenizer has at most one of. */
const names = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

export interface SpecialTokens {
  /** `bos_token` → `<s>` and so on, as chat templates see them. */
  readonly named: Readonly<Record<string, string>>;
  /** Every token that is found in a text as a whole, with the id that Transformers gives it. */
  readonly added: readonly AddedTokenJson[];
}

interface SpecialTokenSources {
  readonly json: TokenizerJson;
  /** The steps around the vocabulary were built anew, and with them the added tokens. */
  readonly rebuilt: boolean;
  /** Defaults of the tokenizer class. */
  readonly classTokens: Readonly<Record<string, string>>;
  /** `tokenizer_config.json` */
  readonly config: Readonly<Record<string, unknown>>;
  /** `special_tokens_map.json` */
  readonly map: Readonly<Record<string, unknown>>;
  /** Ids of `config.json`, for names that nothing else fills. */
  readonly fallbackIds: Readonly<Record<string, number | undefined>>;
}

/**
 * Gathers the special tokens from all the places that Transformers reads: `special_tokens_map.json` counts only
 * where `tokenizer_config.json` has no `added_tokens_decoder`, and then it wins.
 */
export function gatherSpecialTokens(sources: SpecialTokenSources): SpecialTokens {
  const { json, config, rebuilt } = sources;
  const decoder = config['added_tokens_decoder'];
  const listed = isRecord(decoder) ? addedTokensOf(decoder) : undefined;
  const values = { ...sources.classTokens, ...config, ...(listed === undefined ? sources.map : {}) };

  const vocabulary = new Vocabulary(json);
  const fromFile = json.added_tokens ?? [];
  const first = rebuilt ? (listed ?? fromFile) : fromFile;
  for (const token of first) vocabulary.add(token, rebuilt ? undefined : token.id);
  if (!rebuilt) for (const token of listed ?? []) vocabulary.add(token, undefined);

  const named: Record<string, string> = {};
  for (const name of names) {
    const content = tokenContent(values[name]) ?? vocabulary.contentOf(sources.fallbackIds[name]);
    if (content === undefined) continue;
    named[name] = content;
    vocabulary.addSpecial(content);
  }
  for (const extra of extraTokens(values)) vocabulary.addSpecial(extra);
  return { named, added: vocabulary.added() };
}

/** Hands out ids as the tokenizers library does: the vocabulary's own, else the next one after the last. */
class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #added = new Map<string, AddedTokenJson>();
  #contents: Map<number, string> | undefined;

  constructor(json: TokenizerJson) {
    const { vocab } = json.model;
    this.#ids = Array.isArray(vocab)
      ? new Map((vocab as readonly (readonly [string, number])[]).map(([content], id) => [content, id]))
      : new Map(Object.entries(vocab as Readonly<Record<string, number>>));
  }

  add(token: AddedTokenJson, id: number | undefined): void {
    if (token.content === '' || this.#added.has(token.content)) return;
    this.#added.set(token.content, { ...token, id: id ?? this.#ids.get(token.content) ?? this.#nextId() });
  }

  addSpecial(content: string): void {
    const known = this.#added.get(content);
    if (known === undefined) this.add({ id: 0, content, special: true, normalized: false }, undefined);
    else if (known.special !== true) this.#added.set(content, { ...known, special: true });
  }

  contentOf(id: number | undefined): string | undefined {
    if (id === undefined) return undefined;
    for (const token of this.#added.values()) if (token.id === id) return token.content;
    this.#contents ??= new Map([...this.#ids].map(([content, number]) => [number, content]));
    return this.#contents.get(id);
  }

  added(): AddedTokenJson[] {
    return [...this.#added.values()];
  }

  #nextId(): number {
    let next = this.#ids.size;
    for (const token of this.#added.values()) next = Math.max(next, token.id + 1);
    return next;
  }
}

function addedTokensOf(decoder: Readonly<Record<string, unknown>>): AddedTokenJson[] {
  return Object.entries(decoder)
    .flatMap(([id, token]) => {
      const content = tokenContent(token);
      return content === undefined ? [] : [{ ...(token as object), id: Number(id), content }];
    })
    .sort((left, right) => left.id - right.id);
}

function extraTokens(values: Readonly<Record<string, unknown>>): string[] {
  const extra = values['extra_special_tokens'] ?? values['additional_special_tokens'];
  if (!isRecord(extra) && !Array.isArray(extra)) return [];
  return Object.values(extra).flatMap((token) => tokenContent(token) ?? []);
}

/** A special token is written as a string or as an object with its content. */
function tokenContent(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return isRecord(value) && typeof value['content'] === 'string' ? value['content'] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
