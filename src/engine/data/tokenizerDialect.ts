import type { TokenizerJson } from './tokenizerClass';

/**
 * `@huggingface/tokenizers` reads a few steps of `tokenizer.json` otherwise than the Rust library does. Each of them
 * is written here in other steps that it reads as Rust reads the first. The last step is for speed alone.
 */
export function inLibraryDialect(json: TokenizerJson): TokenizerJson {
  const steps = [json.pre_tokenizer].flatMap(flatten).flatMap(translate);
  const dropped = unknownCharacters(json);
  if (dropped !== undefined) steps.push({ type: 'Replace', pattern: { Regex: dropped }, content: '' });
  if (mergesWithinWords(json)) steps.push(isolate('▁+[^▁]*'));
  const [first = null] = steps;
  return { ...json, pre_tokenizer: steps.length < 2 ? first : { type: 'Sequence', pretokenizers: steps } };
}

/**
 * SentencePiece tokenizers merge over the whole text, and the library then finds nothing in its cache of words. Where
 * no merge has a ▁ after another character, none can reach over the beginning of a word, and merging word by word
 * gives the same tokens.
 */
function mergesWithinWords({ model, pre_tokenizer: step }: TokenizerJson): boolean {
  if (model.type !== 'BPE' || flatten(step).some(({ type }) => type === 'ByteLevel' || type === 'Split')) return false;
  if (!Object.hasOwn(model.vocab, '▁') || model['ignore_merges'] === true) return false;
  return (model.merges ?? []).every((merge) => {
    const merged = Array.isArray(merge) ? merge.join('') : String(merge).replace(' ', '');
    return !/[^▁]▁/.test(merged);
  });
}

type Step = Readonly<Record<string, unknown>>;

function flatten(step: object | null): Step[] {
  if (step === null) return [];
  const record = step as Step;
  if (record['type'] !== 'Sequence') return [record];
  return ((record['pretokenizers'] ?? []) as object[]).flatMap(flatten);
}

function translate(step: Step): Step[] {
  // Rust's digits are all of Unicode's numbers (½, ①), the library's only 0 to 9.
  if (step['type'] === 'Digits') return [isolate(step['individual_digits'] === true ? '\\p{N}' : '\\p{N}+')];
  // The library never splits here; in Rust each ▁ starts a new piece.
  if (step['type'] === 'Metaspace' && step['split'] !== false) {
    const mark = typeof step['replacement'] === 'string' ? step['replacement'] : '▁';
    return [{ ...step, split: false }, isolate(`${mark}[^${mark}]*`)];
  }
  return [step];
}

function isolate(pattern: string): Step {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/**
 * A pattern for the characters that have neither a token, nor tokens for their bytes, nor an unknown token. Rust
 * takes them out before it merges, so that their neighbours can become one token.
 */
function unknownCharacters({ model }: TokenizerJson): string | undefined {
  if (model.type !== 'BPE' || typeof model['unk_token'] === 'string' || Array.isArray(model.vocab)) return undefined;
  const vocab = model.vocab as Readonly<Record<string, number>>;
  const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
  const missing = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !(byteToken(byte) in vocab));
  if (missing.length === 0 && model['byte_fallback'] === true) return undefined;
  const known = Object.keys(vocab).filter((content) => isOneCharacter(content));
  // A byte-level vocabulary has all 256 bytes as characters, and nothing is unknown to it.
  if (known.length >= 256 && model['byte_fallback'] !== true) return undefined;
  const byBytes = model['byte_fallback'] === true && missing.every((byte) => byte >= 0x80) ? '\\u{0}-\\u{7f}' : '';
  const escaped = known.map((character) => `\\u{${character.codePointAt(0)!.toString(16)}}`).join('');
  return `[^${byBytes}${escaped}]`;
}

function isOneCharacter(content: string): boolean {
  const [first, second] = content;
  return first !== undefined && second === undefined;
}
