import { createScanner, type Node } from 'jsonc-parser';
import { propertySchema, recipeSchema, type Schema } from '../../recipe/schema';
import { membersOf, nodeAt } from '../../recipe/syntax';
import type { RecipeDocument } from './recipeDocument';

export type Path = readonly (string | number)[];

/** What stands at a place of a recipe, also of one that cannot be parsed there. */
export interface Cursor {
  readonly offset: number;
  /** Of the object whose key is typed, or of the value. */
  readonly path: Path;
  readonly kind: 'key' | 'value' | 'comment';
  /** What the schema says of the object whose key is typed, or of the value. */
  readonly schema: Schema | undefined;
  /** The word under the cursor, with its quotes: what a completion replaces. */
  readonly word: { readonly offset: number; readonly length: number };
  /** The token before and after the word: comments and blanks do not count. */
  readonly before: Token | undefined;
  readonly after: Token | undefined;
  /** Keys that the object has besides the one under the cursor. */
  readonly siblings: readonly string[];
}

export interface Token {
  readonly kind: TokenKind;
  readonly offset: number;
  readonly length: number;
}

/** In the order of the parser's own numbers, which begin at 1. */
const tokenKinds = [
  ...(['openBrace', 'closeBrace', 'openBracket', 'closeBracket', 'comma', 'colon'] as const),
  ...(['null', 'true', 'false', 'string', 'number'] as const),
  ...(['lineComment', 'blockComment', 'lineBreak', 'blanks', 'unknown'] as const),
] as const;

export type TokenKind = (typeof tokenKinds)[number];

const trivia: ReadonlySet<TokenKind> = new Set(['lineComment', 'blockComment', 'lineBreak', 'blanks']);
const punctuation: ReadonlySet<TokenKind> = new Set(tokenKinds.slice(0, 6));

/** Looks at a place of a recipe. Never throws. */
export function cursorAt(document: RecipeDocument, offset: number): Cursor {
  const { text, root } = document;
  const tokens = tokensOf(text);
  const isComment = tokens.some((token) => isInsideComment(token, offset, text));
  const word = wordAt(tokens, offset, text);
  const significant = tokens.filter(({ kind }) => !trivia.has(kind));
  const { path, isKey } = placeAt(significant, word.offset, text);
  const object = root === undefined ? undefined : nodeAt(root, path);
  return {
    offset,
    path,
    kind: isComment ? 'comment' : isKey ? 'key' : 'value',
    schema: schemaOf(path),
    word,
    before: significant.findLast(({ offset: start, length }) => start + length <= word.offset && length > 0),
    after: significant.find(({ offset: start }) => start >= word.offset + word.length),
    siblings: isKey && object?.type === 'object' ? keysBeside(object, word.offset) : [],
  };
}

/** An object or list that is open at some place. */
interface Open {
  readonly isObject: boolean;
  /** The key whose value comes, or the number of the item. */
  segment: string | number;
  /** What may come: a key, a value, or nothing but a comma. */
  expects: 'key' | 'value' | 'comma';
}

/**
 * The path of the value that begins at `offset`, or of the object that gets a key there. By tokens alone: a forgotten
 * comma or brace before or after it does no harm.
 */
function placeAt(tokens: readonly Token[], offset: number, text: string): { path: Path; isKey: boolean } {
  const open: Open[] = [];
  for (const token of tokens) {
    if (token.offset >= offset) break;
    read(token, open, text);
  }
  const last = open.at(-1);
  const outer = open.slice(0, -1).map(({ segment }) => segment);
  if (last === undefined) return { path: [], isKey: false };
  const isMissingComma = last.expects === 'comma';
  if (last.isObject) {
    const isKey = last.expects === 'key' || isMissingComma;
    return { path: isKey ? outer : [...outer, last.segment], isKey };
  }
  return { path: [...outer, isMissingComma ? Number(last.segment) + 1 : last.segment], isKey: false };
}

function read({ kind, offset, length }: Token, open: Open[], text: string): void {
  const last = open.at(-1);
  const opens = kind === 'openBrace' || kind === 'openBracket';
  if (opens) {
    const isObject = kind === 'openBrace';
    open.push({ isObject, segment: isObject ? '' : 0, expects: isObject ? 'key' : 'value' });
  } else if (kind === 'closeBrace' || kind === 'closeBracket') {
    open.pop();
    const outer = open.at(-1);
    if (outer !== undefined) outer.expects = 'comma';
  } else if (last === undefined) {
    return;
  } else if (kind === 'comma') {
    if (!last.isObject) last.segment = Number(last.segment) + 1;
    last.expects = last.isObject ? 'key' : 'value';
  } else if (kind === 'colon') {
    last.expects = 'value';
  } else if (last.isObject && last.expects !== 'value') {
    last.segment = keyText(text.slice(offset, offset + length));
    last.expects = 'comma';
  } else {
    if (!last.isObject && last.expects === 'comma') last.segment = Number(last.segment) + 1;
    last.expects = 'comma';
  }
}

function keyText(written: string): string {
  try {
    return String(JSON.parse(written));
  } catch {
    return written.replaceAll('"', '');
  }
}

/** What the schema says of a value; undefined where it knows none. */
export function schemaOf(path: Path): Schema | undefined {
  let schema: Schema | undefined = recipeSchema;
  for (const segment of path) {
    if (schema === undefined) return undefined;
    schema = typeof segment === 'number' ? schema.items : propertySchema(schema, segment);
  }
  return schema;
}

/** All tokens with their trivia, in order. */
export function tokensOf(text: string): readonly Token[] {
  const scanner = createScanner(text, false);
  const tokens: Token[] = [];
  for (;;) {
    // The number behind the last kind is that of the end.
    const kind = tokenKinds[(scanner.scan() as number) - 1];
    if (kind === undefined) return tokens;
    tokens.push({ kind, offset: scanner.getTokenOffset(), length: scanner.getTokenLength() });
  }
}

function isInsideComment({ kind, offset: start, length }: Token, offset: number, text: string): boolean {
  if (kind === 'lineComment') return offset > start && offset <= start + length;
  const isOpen = !text.slice(start, start + length).endsWith('*/');
  return kind === 'blockComment' && offset > start && (offset < start + length || isOpen);
}

/** Texts, numbers, words: not punctuation, which the cursor may touch without meaning it. */
function wordAt(tokens: readonly Token[], offset: number, text: string): { offset: number; length: number } {
  const isWord = ({ kind }: Token): boolean => !trivia.has(kind) && !punctuation.has(kind);
  const found = tokens.findLast(
    (token) => isWord(token) && token.offset <= offset && offset <= token.offset + token.length,
  );
  if (found === undefined) return { offset, length: 0 };
  // A text that is still typed has no end yet: what follows on its line is not part of it.
  const written = text.slice(found.offset, found.offset + found.length);
  const isOpen = written.startsWith('"') && (written.length === 1 || !written.endsWith('"'));
  return { offset: found.offset, length: isOpen ? offset - found.offset : found.length };
}

function keysBeside(object: Node, wordOffset: number): readonly string[] {
  return membersOf(object)
    .filter(({ keyNode }) => keyNode.offset !== wordOffset)
    .map(({ key }) => key);
}
