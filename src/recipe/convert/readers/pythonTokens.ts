export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'newline';
  /** As written; of a text what it means. */
  readonly text: string;
  readonly offset: number;
  readonly end: number;
  /** A text whose value only running it would give: an f-string, or bytes. */
  readonly isComputed?: boolean;
}

const patterns = {
  space: /[ \t\f]+|\\\r?\n|#[^\n]*/y,
  newline: /\r?\n/y,
  text: /([rbfut]{0,2})("""|'''|"|')/iy,
  number: /(?:0[xob][\da-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?)j?/iy,
  name: /[\p{L}_][\p{L}\p{N}_]*/uy,
} as const;

/** The tokens of Python source. Never throws: what is no Python becomes single signs. */
export function pythonTokens(source: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length;) {
    const token = tokenAt(source, at);
    if (typeof token !== 'number') tokens.push(token);
    at = typeof token === 'number' ? token : token.end;
  }
  return tokens;
}

/** The token that begins here, or where to go on when there is only space. */
function tokenAt(source: string, offset: number): Token | number {
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset;
    return pattern.exec(source);
  };
  const space = match(patterns.space);
  if (space !== null) return offset + space[0].length;
  const quote = match(patterns.text);
  if (quote !== null) return textToken(source, offset, quote[1]!.toLowerCase(), quote[2]!);
  for (const kind of ['newline', 'number', 'name'] as const) {
    const found = match(patterns[kind]);
    if (found !== null) return { kind, text: found[0], offset, end: offset + found[0].length };
  }
  return { kind: 'sign', text: source[offset]!, offset, end: offset + 1 };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\n': '' };

function textToken(source: string, offset: number, prefix: string, quote: string): Token {
  let at = offset + prefix.length + quote.length;
  let text = '';
  while (at < source.length && !source.startsWith(quote, at)) {
    if (quote.length === 1 && source[at] === '\n') break;
    const isEscape = source[at] === '\\' && at + 1 < source.length;
    const next = source[at + 1] ?? '';
    text += !isEscape ? source[at]! : prefix.includes('r') ? `\\${next}` : (escapes[next] ?? next);
    at += isEscape ? 2 : 1;
  }
  const isComputed = /[bf]/.test(prefix) && !(prefix === 'f' && !text.includes('{'));
  return {
    kind: 'text',
    text,
    offset,
    end: Math.min(source.length, at + quote.length),
    ...(isComputed && { isComputed }),
  };
}
