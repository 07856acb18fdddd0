import { isJsonObject } from '../jsonFile';
import type { JsonObject } from '../jsonFile';
import { byteLevelDecoder, sentencePieceSteps } from '../tokenizerSteps';
import { ggufTokenizerUnsupported } from './failures';
import type { Metadata } from './metadata';

/** What tokenizer.json and tokenizer_config.json would say. */
export interface GgufTokenizer {
  readonly json: JsonObject;
  readonly config: JsonObject;
  readonly chatTemplate: string | undefined;
  /** Ids that end a text or a turn. */
  readonly endIds: readonly number[];
}

const key = (name: string): string => `tokenizer.ggml.${name}`;

/** Kinds of tokens, as llama.cpp numbers them. */
export const kinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };

/**
 * The tokenizer in the file's metadata, undefined where it has none. The steps around the vocabulary are named, not
 * written down, in a GGUF file; they are those of Hugging Face's files for these models.
 * @throws Failure `gguf-tokenizer`, `gguf-metadata`
 */
export function tokenizerOf(metadata: Metadata): GgufTokenizer | undefined {
  const tokens = metadata.texts(key('tokens'));
  const model = metadata.text(key('model'));
  if (tokens === undefined || model === undefined) return undefined;
  const kindOf = metadata.numbers(key('token_type')) ?? tokens.map(() => kinds.normal);
  if (kindOf.length !== tokens.length) metadata.refuse(key('token_type'), 'has another length than the vocabulary');
  const vocabulary: Vocabulary = { tokens, kindOf, metadata };
  const built = model === 'gpt2' ? byteLevel(vocabulary) : model === 'llama' ? sentencePiece(vocabulary) : undefined;
  if (built === undefined) throw ggufTokenizerUnsupported(metadata.gguf.file, key('model'), model, ['gpt2', 'llama']);
  const id = (name: string): number | undefined => metadata.tokenId(key(`${name}_token_id`), tokens.length);
  const named = {
    bos: id('bos'),
    eos: id('eos'),
    unk: id('unknown'),
    pad: id('padding'),
    sep: id('seperator'),
    mask: id('mask'),
  };
  const texts = Object.entries(named).flatMap(([name, at]) =>
    at === undefined ? [] : [[`${name}_token`, tokens[at]!]],
  );
  const adds = {
    bos: metadata.flag(key('add_bos_token')) ?? built.addsBos,
    eos: metadata.flag(key('add_eos_token')) ?? false,
  };
  return {
    json: {
      added_tokens: addedTokens(vocabulary),
      normalizer: null,
      ...built.steps,
      post_processor: postProcessor(adds.bos ? named.bos : undefined, adds.eos ? named.eos : undefined, tokens),
    },
    // The steps are as they shall be: no class of Transformers is to build them anew.
    config: { tokenizer_class: 'PreTrainedTokenizerFast', ...(Object.fromEntries(texts) as JsonObject) },
    chatTemplate: metadata.text('tokenizer.chat_template'),
    endIds: [...new Set([named.eos, id('eot'), id('eom')])].filter((end) => end !== undefined),
  };
}

interface Vocabulary {
  readonly tokens: readonly string[];
  readonly kindOf: readonly number[];
  readonly metadata: Metadata;
}

interface Built {
  readonly steps: JsonObject;
  /** Where the file does not say. */
  readonly addsBos: boolean;
}

/** Byte-level BPE: GPT-2 and what came after it. */
function byteLevel(vocabulary: Vocabulary): Built {
  const { metadata } = vocabulary;
  const pre = metadata.text(key('pre')) ?? 'default';
  const style = Object.hasOwn(styles, pre) ? styles[pre] : undefined;
  if (style === undefined) {
    throw ggufTokenizerUnsupported(metadata.gguf.file, key('pre'), pre, Object.keys(styles));
  }
  const merges = metadata.texts(key('merges')) ?? metadata.refuse(key('merges'), 'is missing');
  return {
    addsBos: style.addsBos ?? false,
    steps: {
      normalizer: style.composes === true ? { type: 'NFC' } : null,
      pre_tokenizer: { type: 'Sequence', pretokenizers: style.split },
      decoder: byteLevelDecoder,
      model: { type: 'BPE', vocab: idsOf(vocabulary), merges, ignore_merges: style.ignoresMerges ?? false },
    },
  };
}

interface Style {
  readonly split: readonly JsonObject[];
  /** Whether text is first brought into Unicode's composed form. */
  readonly composes?: boolean;
  /** Whether a word that is a token is one, whatever the merges say. */
  readonly ignoresMerges?: boolean;
  readonly addsBos?: boolean;
}

const bytes = (usesPattern: boolean): JsonObject => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: usesPattern,
});
const pattern = (regex: string): JsonObject[] => [
  { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false },
  bytes(false),
];
/** How Llama 3 and Qwen split text; they differ in how many digits stay together. */
const words = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*` +
  '|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const llama3: Style = { split: pattern(words('\\p{N}{1,3}')), ignoresMerges: true, addsBos: true };
const qwen2: Style = { split: pattern(words('\\p{N}')), composes: true };

/** By `tokenizer.ggml.pre`. */
const styles: Readonly<Record<string, Style>> = {
  'gpt-2': { split: [bytes(true)] },
  smollm: { split: [{ type: 'Digits', individual_digits: true }, bytes(true)] },
  'llama-bpe': llama3,
  llama3,
  'llama-v3': llama3,
  qwen2,
  'deepseek-r1-qwen': qwen2,
};

/** SentencePiece's BPE as Llama 2, Mistral and TinyLlama have it. */
function sentencePiece(vocabulary: Vocabulary): Built {
  const { metadata } = vocabulary;
  const prefix = metadata.flag(key('add_space_prefix')) ?? true;
  const unknown =
    metadata.tokenId(key('unknown_token_id'), vocabulary.tokens.length) ?? vocabulary.kindOf.indexOf(kinds.unknown);
  return {
    addsBos: true,
    steps: {
      ...sentencePieceSteps(prefix ? 'first' : 'never'),
      model: {
        type: 'BPE',
        vocab: idsOf(vocabulary),
        merges: mergesByScore(vocabulary),
        unk_token: vocabulary.tokens[unknown] ?? null,
        fuse_unk: true,
        byte_fallback: true,
      },
    },
  };
}

/**
 * SentencePiece joins the two neighbours that make the piece with the highest score. As a list of merges: every way to
 * make a piece of two others, pieces with the highest scores first.
 */
function mergesByScore({ tokens, kindOf, metadata }: Vocabulary): readonly (readonly [string, string])[] {
  const scores = metadata.numbers(key('scores')) ?? metadata.refuse(key('scores'), 'is missing');
  if (scores.length !== tokens.length) metadata.refuse(key('scores'), 'does not say how likely each token is');
  const pieces = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (kindOf[id] === kinds.normal) pieces.set(token, id);
  });
  const merges: { readonly pair: readonly [string, string]; readonly score: number; readonly order: number[] }[] = [];
  for (const [piece, id] of pieces) {
    const characters = Array.from(piece);
    for (let at = 1; at < characters.length; at++) {
      const [left, right] = [characters.slice(0, at).join(''), characters.slice(at).join('')];
      const [leftId, rightId] = [pieces.get(left), pieces.get(right)];
      if (leftId === undefined || rightId === undefined) continue;
      merges.push({
        pair: [left, right],
        score: scores[id]!,
        order: [at, characters.length - at, -id, -leftId, -rightId],
      });
    }
  }
  merges.sort((a, b) => b.score - a.score || later(a.order, b.order));
  return merges.map(({ pair }) => pair);
}

/** Descending, number by number. */
function later(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : b[at]! - a[at]!;
}

/** What is unused is no token. */
function idsOf({ tokens, kindOf }: Vocabulary): Readonly<Record<string, number>> {
  return Object.fromEntries(tokens.flatMap((token, id) => (kindOf[id] === kinds.unused ? [] : [[token, id]])));
}

function addedTokens({ tokens, kindOf }: Vocabulary): JsonObject[] {
  return tokens.flatMap((content, id) => {
    const special = kindOf[id] === kinds.control || kindOf[id] === kinds.unknown;
    if (!special && kindOf[id] !== kinds.userDefined) return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

function postProcessor(
  first: number | undefined,
  last: number | undefined,
  tokens: readonly string[],
): JsonObject | null {
  const around = [first, last].filter((id) => id !== undefined);
  if (around.length === 0) return null;
  const part = (id: number | undefined): JsonObject[] =>
    id === undefined ? [] : [{ SpecialToken: { id: tokens[id]!, type_id: 0 } }];
  const single = [...part(first), { Sequence: { id: 'A', type_id: 0 } }, ...part(last)];
  const special = around.map((id) => [tokens[id]!, { id: tokens[id]!, ids: [id], tokens: [tokens[id]!] }]);
  return {
    type: 'TemplateProcessing',
    single,
    pair: single,
    special_tokens: Object.fromEntries(special) as JsonObject,
  };
}

/** How a tokenizer.json would be called in a GGUF file; undefined where nothing there is the same. */
export function styleOf(
  json: JsonObject,
):
  { readonly model: 'gpt2'; readonly pre: string } | { readonly model: 'llama'; readonly prefix: boolean } | undefined {
  const model = isJsonObject(json['model']) ? json['model'] : {};
  const steps = flat(json['pre_tokenizer'], 'pretokenizers');
  const normalizers = flat(json['normalizer'], 'normalizers');
  if (model['byte_fallback'] === true) {
    const [step, ...further] = [...normalizers, ...steps];
    if (step?.['type'] === 'Metaspace' && further.length === 0) {
      return { model: 'llama', prefix: step['prepend_scheme'] !== 'never' };
    }
    const kindsOf = normalizers.map(({ type }) => type).join();
    if (steps.length > 0 || !['Prepend,Replace', 'Replace'].includes(kindsOf)) return undefined;
    return { model: 'llama', prefix: normalizers.length === 2 };
  }
  const essence = JSON.stringify(steps.map(essentials));
  const composes = normalizers.map(({ type }) => type).join() === 'NFC';
  if (normalizers.length > 0 && !composes) return undefined;
  const found = Object.entries(styles).find(
    ([, style]) =>
      JSON.stringify(style.split.map(essentials)) === essence &&
      (style.composes ?? false) === composes &&
      (style.ignoresMerges ?? false) === (model['ignore_merges'] === true),
  );
  return found === undefined ? undefined : { model: 'gpt2', pre: found[0] };
}

function flat(step: unknown, list: string): JsonObject[] {
  if (!isJsonObject(step)) return [];
  if (step['type'] !== 'Sequence') return [step];
  return (step[list] as unknown[]).flatMap((inner) => flat(inner, list));
}

/** What of a step decides about ids. */
function essentials(step: JsonObject): unknown[] {
  const {
    type,
    pattern: split,
    behavior,
    individual_digits: single,
    use_regex: usesPattern,
    add_prefix_space: prefix,
  } = step;
  return [type, split, behavior, single, type === 'ByteLevel' ? (usesPattern ?? true) : null, prefix];
}
