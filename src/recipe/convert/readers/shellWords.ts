/** A word of a command line; `isComputed` when only running the script would tell what it is. */
export interface Word {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  readonly isComputed: boolean;
}

export type CommandLine = readonly Word[];

/**
 * The commands of a shell script as words: quotes, line continuations, comments and the script's own plain variables are
 * understood; nothing is run, and what would have to be (`$(…)`, `$1`) is marked.
 */
export function shellCommands(text: string): readonly CommandLine[] {
  return new ShellReader(text).commands();
}

class ShellReader {
  readonly #text: string;
  readonly #variables = new Map<string, string>();
  readonly #commands: CommandLine[] = [];
  #at = 0;
  #line = 1;
  #words: Word[] = [];
  #word: string | undefined;
  #wordLine = 1;
  #isComputed = false;

  constructor(text: string) {
    this.#text = text.replaceAll('\r\n', '\n');
  }

  commands(): readonly CommandLine[] {
    while (this.#at < this.#text.length) this.#step();
    this.#endCommand();
    return this.#commands;
  }

  #step(): void {
    const char = this.#text[this.#at]!;
    if (char === '\\') {
      this.#escape();
      return;
    }
    if (char === "'" || char === '"') {
      this.#quoted(char);
      return;
    }
    if (char === '$') {
      this.#add(...this.#expansion(), true);
      return;
    }
    if (char === '`') {
      this.#substitution('`');
      return;
    }
    if (char === '#' && this.#word === undefined) {
      this.#skip(this.#lengthUntil('\n'));
      return;
    }
    if ('\n;&|'.includes(char)) {
      this.#endCommand(1);
      return;
    }
    if (' \t'.includes(char)) {
      this.#endWord(1);
      return;
    }
    this.#add(char, 1);
  }

  #skip(length: number): void {
    for (const end = this.#at + length; this.#at < end; this.#at++) if (this.#text[this.#at] === '\n') this.#line++;
  }

  #lengthUntil(mark: string): number {
    const end = this.#text.indexOf(mark, this.#at);
    return (end < 0 ? this.#text.length : end) - this.#at;
  }

  #add(text: string, length: number, splits = false): void {
    if (this.#word === undefined) this.#wordLine = this.#line;
    this.#word = (this.#word ?? '') + text;
    this.#skip(length);
    if (splits && /\s/.test(text)) this.#split();
  }

  /** A variable without quotes may hold several words. */
  #split(): void {
    const parts = this.#word!.trim().split(/\s+/);
    const last = parts.pop()!;
    for (const part of parts) this.#words.push({ text: part, line: this.#wordLine, isComputed: this.#isComputed });
    this.#word = last;
  }

  #escape(): void {
    const next = this.#text[this.#at + 1];
    if (next === '\n') {
      this.#endWord(2);
      return;
    }
    this.#add(next ?? '', 2);
  }

  #quoted(quote: string): void {
    this.#add('', 1);
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote) {
      const char = this.#text[this.#at]!;
      const next = this.#text[this.#at + 1] ?? '';
      if (quote === "'") this.#add(char, 1);
      else if (char === '\\' && next === '\n') this.#skip(2);
      else if (char === '\\' && '"\\$`'.includes(next)) this.#add(next, 2);
      else if (char === '$') this.#add(...this.#expansion());
      else if (char === '`') this.#substitution('`');
      else this.#add(char, 1);
    }
    this.#skip(1);
  }

  /** Text and length of what begins with a `$` here. */
  #expansion(): [string, number] {
    const rest = this.#text.slice(this.#at, this.#at + 500);
    const named = /^\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})/.exec(rest);
    if (named !== null) {
      const name = named[1] ?? named[2]!;
      const value = this.#variables.get(name) ?? named[3];
      if (value === undefined) this.#isComputed = true;
      return [value ?? named[0], named[0].length];
    }
    if (!/^\$[({]/.test(rest)) return ['$', 1];
    this.#isComputed = true;
    const closing = rest[1] === '(' ? ')' : '}';
    const length = this.#lengthUntil(closing) + 1;
    return [this.#text.slice(this.#at, this.#at + length), length];
  }

  #substitution(mark: string): void {
    this.#isComputed = true;
    this.#add(mark, 1);
    this.#add(this.#text.slice(this.#at, this.#at + this.#lengthUntil(mark) + 1), this.#lengthUntil(mark) + 1);
  }

  #endWord(length: number): void {
    if (this.#word !== undefined) {
      this.#words.push({ text: this.#word, line: this.#wordLine, isComputed: this.#isComputed });
    }
    this.#word = undefined;
    this.#isComputed = false;
    this.#skip(length);
  }

  #endCommand(length = 0): void {
    this.#endWord(length);
    const words = this.#words[0]?.text === 'export' ? this.#words.slice(1) : this.#words;
    const assignments = words.map((word) => ({ word, match: /^(\w+)=([^]*)$/.exec(word.text) }));
    const first = assignments.findIndex(({ match }) => match === null);
    if (first < 0) {
      for (const { word, match } of assignments) if (!word.isComputed) this.#variables.set(match![1]!, match![2]!);
    } else if (words.length > 0) {
      this.#commands.push(words.slice(first));
    }
    this.#words = [];
  }
}
