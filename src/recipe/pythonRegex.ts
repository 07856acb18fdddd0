/** A pattern of Python's `re` as JavaScript, or the place in it that has no equal. */
export type TranslatedPattern =
  | { readonly regex: RegExp }
  /** `offset` counts UTF-16 units from the start of the pattern. */
  | { readonly refusal: { readonly offset: number; readonly message: string } };

/**
 * Translates a pattern that Python would use with `re.fullmatch`, as PEFT does with a `target_modules` string: the
 * returned expression matches whole names only. What the two languages mean differently is translated
 * (`(?P<name>…)`, `\A`, `\Z`, `{,3}`, a `]` that begins a class, a `{` that stands for itself); what JavaScript
 * cannot do is refused. `\d`, `\w` and `\s` know only ASCII here, which is all that module names hold.
 */
export function translatePythonPattern(pattern: string): TranslatedPattern {
  return translate(pattern, '', '');
}

/** The same for a key of `rank_pattern` or `alpha_pattern`, which PEFT matches as `(.*\.)?(key)$`. */
export function translatePatternKey(key: string): TranslatedPattern {
  const translated = translate(key, '(.*\\.)?(', ')');
  if ('regex' in translated) return translated;
  // The key alone tells more exactly what is wrong: in `q(` it is the last parenthesis, not PEFT's own.
  const alone = translate(key, '', '');
  return 'refusal' in alone ? alone : translated;
}

function translate(pattern: string, before: string, after: string): TranslatedPattern {
  try {
    const translator = new Translator(before + pattern + after);
    return { regex: translator.run() };
  } catch (error) {
    if (error instanceof Refusal) {
      const offset = Math.max(0, Math.min(error.offset - before.length, pattern.length));
      return { refusal: { offset, message: error.message } };
    }
    if (!(error instanceof SyntaxError)) throw error;
    // V8 names neither place nor cause in a stable way; what is left here is rare (`a**`, an unknown group).
    return { refusal: { offset: 0, message: 'This is not a valid regular expression.' } };
  }
}

class Refusal extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

interface OpenGroup {
  readonly offset: number;
  readonly isLookbehind: boolean;
}

/** How much of the pattern was read, and what it becomes. */
interface Token {
  readonly length: number;
  readonly output: string;
}

/** One pass over a pattern, left to right. */
class Translator {
  readonly #pattern: string;
  readonly #groups: OpenGroup[] = [];
  #at = 0;
  #flags = '';

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  run(): RegExp {
    this.#globalFlags();
    let output = '';
    while (this.#at < this.#pattern.length) {
      const token = this.#token();
      output += token.output;
      this.#at += token.length;
    }
    const open = this.#groups.at(-1);
    if (open !== undefined) throw new Refusal(open.offset, 'This ( is never closed.');
    // Not ^ and $: with the flag m those also match at line breaks.
    return new RegExp(`(?<![^])(?:${output})(?![^])`, `u${this.#flags}`);
  }

  #globalFlags(): void {
    const match = /^\(\?([a-zA-Z]+)\)/.exec(this.#pattern);
    if (match === null) return;
    const flags = match[1]!;
    const refused = /[^aimsu]/.exec(flags);
    if (refused !== null) throw new Refusal(2 + refused.index, `The flag (?${refused[0]}) is not supported.`);
    this.#flags = ['i', 'm', 's'].filter((flag) => flags.includes(flag)).join('');
    this.#at = match[0].length;
  }

  #rest(from = this.#at): string {
    return this.#pattern.slice(from);
  }

  #token(): Token {
    const character = this.#pattern[this.#at]!;
    if (character === '\\') return this.#escape();
    if (character === '[') return this.#characterClass();
    if (character === '(') return this.#openGroup();
    if (character === ')') return this.#closeGroup();
    if ('*+?{'.includes(character)) return this.#quantifier();
    return { length: 1, output: ']}'.includes(character) ? `\\${character}` : character };
  }

  #escape(): Token {
    const rest = this.#rest();
    const backreference = /^\\([1-9]\d?)(?!\d)/.exec(rest);
    if (backreference !== null) return { length: backreference[0].length, output: `(?:\\${backreference[1]!})` };
    if (rest.startsWith('\\A')) return { length: 2, output: '(?<![^])' };
    if (/^\\[Zz]/.test(rest)) return { length: 2, output: '(?![^])' };
    return this.#characterEscape(this.#at, false);
  }

  /** Escapes that mean one character or a class of them, in and out of `[…]`. */
  #characterEscape(at: number, isInClass: boolean): Token {
    const rest = this.#rest(at);
    const letter = rest[1];
    if (letter === undefined) throw new Refusal(at, 'A single \\ at the end: write \\\\ for a backslash.');
    if (/[dDwWsSbnrtfv]/.test(letter) || (letter === 'B' && !isInClass)) return { length: 2, output: `\\${letter}` };
    const code =
      /^\\x([0-9a-fA-F]{2})/.exec(rest) ?? /^\\u([0-9a-fA-F]{4})/.exec(rest) ?? /^\\U([0-9a-fA-F]{8})/.exec(rest);
    if (code !== null) return { length: code[0].length, output: codePoint(Number.parseInt(code[1]!, 16)) };
    const octal = /^\\(0[0-7]{0,2}|[0-3][0-7]{2})/.exec(rest);
    if (octal !== null) return { length: octal[0].length, output: codePoint(Number.parseInt(octal[1]!, 8)) };
    if (letter === 'a') return { length: 2, output: codePoint(7) };
    if (/[a-zA-Z0-9]/.test(letter)) {
      throw new Refusal(at, `\\${letter} means nothing in a pattern. Write \\\\ for a backslash.`);
    }
    const literal = String.fromCodePoint(rest.codePointAt(1)!);
    return { length: 1 + literal.length, output: escaped(literal) };
  }

  #characterClass(): Token {
    const opening = /^\[\^?\]?/.exec(this.#rest())![0];
    // A ] right after the opening stands for itself.
    let output = opening.replace(']', '\\]');
    let at = this.#at + opening.length;
    while (this.#pattern[at] !== ']') {
      const character = this.#pattern[at];
      if (character === undefined) throw new Refusal(this.#at, 'This [ is never closed.');
      const token = character === '\\' ? this.#characterEscape(at, true) : undefined;
      output += token?.output ?? (character === '[' ? '\\[' : character);
      at += token?.length ?? 1;
    }
    return { length: at + 1 - this.#at, output: `${output}]` };
  }

  #openGroup(): Token {
    const rest = this.#rest();
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment !== null) return { length: comment[0].length, output: '' };
    const reference = /^\(\?P=([A-Za-z_]\w*)\)/.exec(rest);
    if (reference !== null) return { length: reference[0].length, output: `(?:\\k<${reference[1]!}>)` };
    const named = /^\(\?P<([A-Za-z_]\w*)>/.exec(rest);
    const plain = /^\((?:\?(?::|=|!|<=|<!))?(?!\?)/.exec(rest);
    const opening = named?.[0] ?? plain?.[0];
    if (opening === undefined) throw new Refusal(this.#at, groupRefusal(rest));
    this.#groups.push({ offset: this.#at, isLookbehind: opening.startsWith('(?<') });
    return { length: opening.length, output: named === null ? opening : `(?<${named[1]!}>` };
  }

  #closeGroup(): Token {
    if (this.#groups.pop() === undefined) throw new Refusal(this.#at, 'This ) has no ( before it.');
    return { length: 1, output: ')' };
  }

  #quantifier(): Token {
    const match = /^(?:[*+?]|\{(\d*),(\d*)\}|\{(\d+)\})/.exec(this.#rest());
    if (match === null) return { length: 1, output: '\\{' };
    const [text, least, most] = match;
    const next = this.#pattern[this.#at + text.length];
    if (next === '+') {
      throw new Refusal(this.#at, `The possessive ${text}+ is not supported. Write ${text} alone.`);
    }
    const hasOneWidth = match[3] !== undefined || (least !== undefined && least === most);
    if (!hasOneWidth && this.#groups.some((group) => group.isLookbehind)) {
      throw new Refusal(this.#at, 'Inside (?<=…) and (?<!…) Python allows nothing of varying length.');
    }
    const lazy = next === '?' ? '?' : '';
    return { length: text.length + lazy.length, output: (least === '' ? `{0,${most!}}` : text) + lazy };
  }
}

function groupRefusal(rest: string): string {
  if (/^\(\?<[A-Za-z_]/.test(rest)) return 'Python names a group like this: (?P<name>…).';
  if (rest.startsWith('(?>')) return 'The atomic group (?>…) is not supported. Write (?:…).';
  if (rest.startsWith('(?(')) return 'The condition (?(…)…|…) is not supported. Write the two cases with |.';
  if (/^\(\?[a-zA-Z]+\)/.test(rest)) return 'Flags such as (?i) belong at the start of the pattern.';
  if (/^\(\?[a-zA-Z]*-?[a-zA-Z]+:/.test(rest)) return 'Flags for a part, such as (?i:…), are not supported.';
  return 'This kind of group is not supported.';
}

function codePoint(code: number): string {
  if (code > 0x10ffff) throw new SyntaxError('beyond Unicode');
  return `\\u{${code.toString(16)}}`;
}

/** With the flag u only these characters may be escaped, and `-` only inside of a class. */
function escaped(literal: string): string {
  if (literal === '-') return codePoint(0x2d);
  return /[\^$\\.*+?()[\]{}|/]/.test(literal) ? `\\${literal}` : literal;
}
