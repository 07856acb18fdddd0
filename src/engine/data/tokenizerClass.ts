/**
 * Transformers' `AutoTokenizer` does not always use `tokenizer.json` as it stands: some tokenizer classes take only
 * its vocabulary and merges and build the steps around them anew. The same file can so give other ids than
 * the tokenizers library alone, and adapters made here must see the ids that Transformers gives. These are the rules
 * of Transformers 5 (`models/auto/tokenization_auto.py` and `models/<family>/tokenization_<family>.py`) for the
 * families that this engine trains; every other class uses the file as it stands.
 */
import { byteLevelDecoder, sentencePieceSteps } from '../formats/tokenizerSteps';

/** The parts of `tokenizer.json` that decide about ids. */
export interface TokenizerJson {
  readonly added_tokens?: readonly AddedTokenJson[];
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly post_processor: object | null;
  readonly decoder: object | null;
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[];
    readonly merges?: readonly unknown[];
    readonly [option: string]: unknown;
  };
}

export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly single_word?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  readonly normalized?: boolean;
  readonly special?: boolean;
}

type TokenizerConfig = Readonly<Record<string, unknown>>;
type Steps = Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder'>;

interface TokenizerClass {
  /** Special tokens of the class where `tokenizer_config.json` has no such key. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Options of the BPE model; others of the file are dropped. */
  readonly model: Readonly<Record<string, unknown>>;
  steps(config: TokenizerConfig): Steps;
}

/** How Qwen splits text before BPE. */
const qwenPattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" +
  '|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const rebuiltClasses: Readonly<Record<string, TokenizerClass>> = {
  LlamaTokenizer: {
    specialTokens: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
    model: { fuse_unk: true, byte_fallback: true },
    steps: (config) => {
      const prefix = config['add_prefix_space'] !== false;
      const scheme = config['legacy'] === true ? 'always' : 'first';
      return { normalizer: null, ...sentencePieceSteps(prefix ? scheme : 'never') };
    },
  },
  GPT2Tokenizer: {
    specialTokens: { unk_token: '<|endoftext|>', bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' },
    model: {},
    steps: (config) => ({
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: config['add_prefix_space'] === true, use_regex: true },
      decoder: byteLevelDecoder,
    }),
  },
  Qwen2Tokenizer: {
    specialTokens: { unk_token: '<|endoftext|>', eos_token: '<|endoftext|>', pad_token: '<|endoftext|>' },
    model: {},
    steps: (config) => ({
      normalizer: { type: 'NFC' },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: qwenPattern }, behavior: 'Isolated', invert: false },
          { type: 'ByteLevel', add_prefix_space: config['add_prefix_space'] === true, use_regex: false },
        ],
      },
      decoder: byteLevelDecoder,
    }),
  },
};

/** The class that Transformers registers for a model type, where it has one of its own. */
const registeredClasses: Readonly<Record<string, string>> = {
  gpt2: 'GPT2Tokenizer',
  qwen2: 'Qwen2Tokenizer',
  qwen2_moe: 'Qwen2Tokenizer',
  qwen3: 'Qwen2Tokenizer',
  qwen3_moe: 'Qwen2Tokenizer',
  mistral: 'TokenizersBackend',
  mixtral: 'TokenizersBackend',
  phi3: 'TokenizersBackend',
};

/** Model types whose files often name a wrong class, so that Transformers does not believe them. */
const mistrustedModelTypes: ReadonlySet<string> = new Set(['qwen2', 'phi3']);

/**
 * The tokenizer with the steps that Transformers uses, and the special tokens that the class itself brings.
 * @param modelType `model_type` of `config.json`, when there is one.
 */
export function asTransformersBuildsIt(
  json: TokenizerJson,
  config: TokenizerConfig,
  modelType: string | undefined,
): {
  readonly json: TokenizerJson;
  readonly rebuilt: boolean;
  readonly specialTokens: Readonly<Record<string, string>>;
} {
  const declared = typeof config['tokenizer_class'] === 'string' ? config['tokenizer_class'] : undefined;
  const rule = rebuiltClasses[chooseClass(declared, modelType, json)];
  if (rule === undefined || json.model.type !== 'BPE') return { json, rebuilt: false, specialTokens: {} };
  const { vocab, merges } = json.model;
  const model = { type: 'BPE', vocab, merges: merges ?? [], ...rule.model };
  return { json: { ...json, ...rule.steps(config), model }, rebuilt: true, specialTokens: rule.specialTokens };
}

function chooseClass(declared: string | undefined, modelType: string | undefined, json: TokenizerJson): string {
  const registered = modelType === undefined ? undefined : registeredClasses[modelType];
  const mistrusted = modelType !== undefined && mistrustedModelTypes.has(modelType);
  if (declared === undefined) return registered ?? 'TokenizersBackend';
  const name = declared.replace(/Fast$/, '');
  // LLaMA 3 files say "LlamaTokenizer" but are byte-level.
  if (name === 'LlamaTokenizer' && registered !== name && !mistrusted && isByteLevel(json)) return 'TokenizersBackend';
  if (registered === undefined || registered === name) return name;
  if (registered === 'TokenizersBackend') return registered;
  return mistrusted ? registered : name;
}

function isByteLevel(json: TokenizerJson): boolean {
  const { normalizer, pre_tokenizer, post_processor, decoder } = json;
  return JSON.stringify([normalizer, pre_tokenizer, post_processor, decoder]).includes('"ByteLevel"');
}
