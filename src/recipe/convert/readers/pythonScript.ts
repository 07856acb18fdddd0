import { TextIndex } from '../../textIndex';
import type { JsonValue } from '../../schema';
import { textOf, type Setting, type Source } from '../source';
import { pythonTokens, type Token } from './pythonTokens';

/** The calls whose keyword arguments are settings, and the names of the positional ones that matter. */
const calls: Readonly<Record<string, readonly string[]>> = {
  LoraConfig: [],
  SFTConfig: [],
  TrainingArguments: ['output_dir'],
  get_peft_model: [],
  from_pretrained: ['model_name'],
  BitsAndBytesConfig: [],
  SFTTrainer: [],
  load_dataset: ['path'],
  train_on_responses_only: [],
};

export function looksLikePython(text: string): boolean {
  return /\b(LoraConfig|SFTConfig|TrainingArguments|get_peft_model|SFTTrainer)\s*\(/.test(text);
}

/**
 * The literal arguments of the calls above, as settings called `LoraConfig.r`. Nothing is run: a name counts as the literal
 * that is assigned to it once in the script; everything else is marked as computed.
 */
export function readPythonScript(text: string): Source {
  return new ScriptReader(text).read();
}

interface Literal {
  readonly value: JsonValue;
  /** Index of the token behind it. */
  readonly end: number;
}

class ScriptReader {
  readonly #text: string;
  readonly #index: TextIndex;
  readonly #tokens: readonly Token[];
  readonly #constants = new Map<string, JsonValue | undefined>();

  constructor(text: string) {
    this.#text = text;
    this.#index = new TextIndex(text);
    this.#tokens = pythonTokens(text);
  }

  read(): Source {
    this.#collectConstants();
    const settings: Setting[] = [];
    for (let at = 0; at < this.#tokens.length; at++) {
      const { kind, text } = this.#tokens[at]!;
      if (kind !== 'name' || !Object.hasOwn(calls, text) || !this.#isSign(at + 1, '(')) continue;
      const before = this.#tokens[at - 1]?.text;
      // Definitions of functions and of classes are no calls; neither are tokenizers that are loaded by name.
      if (before === 'def' || before === 'class' || /Tokenizer|Processor/.test(this.#tokens[at - 2]?.text ?? ''))
        continue;
      settings.push(...this.#arguments(text, at + 2));
    }
    return { tool: 'python', settings, problems: [] };
  }

  #isSign(at: number, sign: string): boolean {
    const token = this.#tokens[at];
    return token?.kind === 'sign' && token.text === sign;
  }

  /** Names that the script gives one literal value, and never another. */
  #collectConstants(): void {
    for (const [at, token] of this.#tokens.entries()) {
      const isStart = at === 0 || this.#tokens[at - 1]!.kind === 'newline';
      if (!isStart || token.kind !== 'name' || !this.#isSign(at + 1, '=') || this.#isSign(at + 2, '=')) continue;
      const literal = this.#literal(at + 2);
      const isWhole = literal !== undefined && (this.#tokens[literal.end]?.kind ?? 'newline') === 'newline';
      this.#constants.set(token.text, this.#constants.has(token.text) || !isWhole ? undefined : literal.value);
    }
  }

  #arguments(call: string, from: number): readonly Setting[] {
    const found: Setting[] = [];
    let position = 0;
    for (let at = this.#skipLines(from); at < this.#tokens.length && !this.#isSign(at, ')');) {
      const end = this.#argumentEnd(at);
      const isNamed = this.#tokens[at]!.kind === 'name' && this.#isSign(at + 1, '=') && !this.#isSign(at + 2, '=');
      const name = isNamed ? this.#tokens[at]!.text : calls[call]![position++];
      if (name !== undefined) found.push(this.#setting(call, name, at, this.#skipLines(isNamed ? at + 2 : at), end));
      at = this.#skipLines(this.#isSign(end, ',') ? end + 1 : end);
      if (end >= this.#tokens.length) break;
    }
    return found;
  }

  #skipLines(at: number): number {
    let next = at;
    while (this.#tokens[next]?.kind === 'newline') next++;
    return next;
  }

  /** Index of the comma or bracket behind the argument that begins here. */
  #argumentEnd(from: number): number {
    let depth = 0;
    for (let at = from; at < this.#tokens.length; at++) {
      const { kind, text } = this.#tokens[at]!;
      if (kind !== 'sign') continue;
      if (depth === 0 && (text === ',' || text === ')')) return at;
      if ('([{'.includes(text)) depth++;
      if (')]}'.includes(text)) depth--;
    }
    return this.#tokens.length;
  }

  #setting(call: string, name: string, at: number, from: number, end: number): Setting {
    const literal = this.#literal(from);
    const isLiteral = literal !== undefined && this.#skipLines(literal.end) === end;
    const last = this.#tokens[end - 1];
    const source = this.#text.slice(this.#tokens[from]?.offset ?? 0, last?.end ?? 0).trim();
    const line = this.#index.position(this.#tokens[at]!.offset).line + 1;
    const key = `${call}.${name}`;
    if (!isLiteral) return { key, name: key, value: source, line, members: [], isComputed: true };
    return { key, name: key, value: literal.value, line, members: [] };
  }

  /** The literal that begins here: a text, number, True, False, None, list, tuple, set or dict, or a known name. */
  #literal(at: number): Literal | undefined {
    const token = this.#tokens[at];
    if (token === undefined || token.isComputed === true) return undefined;
    if (token.kind === 'text') return this.#texts(at);
    if (token.kind === 'number') return numberLiteral(token.text, at);
    if (token.kind === 'name') return this.#named(token.text, at);
    if (token.text === '-') {
      const positive = this.#literal(at + 1);
      return typeof positive?.value === 'number' ? { value: -positive.value, end: positive.end } : undefined;
    }
    const closing = { '[': ']', '(': ')', '{': '}' }[token.text];
    return closing === undefined ? undefined : this.#collection(at + 1, closing);
  }

  /** Texts that stand side by side are one. */
  #texts(at: number): Literal | undefined {
    let value = '';
    let end = at;
    for (; this.#tokens[end]?.kind === 'text'; end++) {
      if (this.#tokens[end]!.isComputed === true) return undefined;
      value += this.#tokens[end]!.text;
    }
    return { value, end };
  }

  #named(name: string, at: number): Literal | undefined {
    const words: Readonly<Record<string, JsonValue>> = { True: true, False: false, None: null };
    if (Object.hasOwn(words, name)) return { value: words[name]!, end: at + 1 };
    const value = this.#constants.get(name);
    return value === undefined ? undefined : { value, end: at + 1 };
  }

  #collection(from: number, closing: string): Literal | undefined {
    const items: JsonValue[] = [];
    const entries: [string, JsonValue][] = [];
    let hasComma = false;
    let at = this.#skipLines(from);
    while (!this.#isSign(at, closing)) {
      const item = this.#literal(at);
      if (item === undefined) return undefined;
      at = this.#skipLines(item.end);
      if (this.#isSign(at, ':')) {
        const value = this.#literal(this.#skipLines(at + 1));
        if (value === undefined) return undefined;
        entries.push([textOf(item.value), value.value]);
        at = this.#skipLines(value.end);
      } else items.push(item.value);
      if (this.#isSign(at, ',')) {
        hasComma = true;
        at = this.#skipLines(at + 1);
      } else if (!this.#isSign(at, closing)) return undefined;
    }
    const isTable = closing === '}' && items.length === 0;
    const isOneInBrackets = closing === ')' && items.length === 1 && !hasComma;
    return { value: isTable ? Object.fromEntries(entries) : isOneInBrackets ? items[0]! : items, end: at + 1 };
  }
}

function numberLiteral(text: string, at: number): Literal | undefined {
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? { value, end: at + 1 } : undefined;
}
