import { createScanner, getLocation, type Node, type SyntaxKind } from 'jsonc-parser';
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
  readonly kind: SyntaxKind;
  readonly offset: number;
  readonly length: number;
}

/** Kinds of tokens by their number: the parser's own names are a constant enum, which bundlers cannot read. */
export const tokenKind = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  string: 10,
  lineComment: 12,
  blockComment: 13,
  lineBreak: 14,
  blanks: 15,
  unknown: 16,
  end: 17,
} as const;

/** Looks at a place of a recipe. Never throws. */
export function cursorAt(document: RecipeDocument, offset: number): Cursor {
  const { text, root } = document;
  const location = getLocation(text, offset);
  const tokens = tokensOf(text);
  const isComment = tokens.some(({ kind, offset: start, length }) =>
    isInsideComment(kind, start, length, offset, text),
  );
  const isKey = location.isAtPropertyKey;
  const path = isKey ? location.path.slice(0, -1) : location.path;
  const word = wordAt(tokens, offset);
  const significant = tokens.filter(({ kind }) => kind < tokenKind.lineComment || kind === tokenKind.unknown);
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
  for (let kind = scanner.scan(); (kind as number) !== tokenKind.end; kind = scanner.scan()) {
    tokens.push({ kind, offset: scanner.getTokenOffset(), length: scanner.getTokenLength() });
  }
  return tokens;
}

function isInsideComment(kind: number, start: number, length: number, offset: number, text: string): boolean {
  if (kind === tokenKind.lineComment) return offset > start && offset <= start + length;
  const isOpen = !text.slice(start, start + length).endsWith('*/');
  return kind === tokenKind.blockComment && offset > start && (offset < start + length || isOpen);
}

/** Texts, numbers, words: not punctuation, which the cursor may touch without meaning it. */
function wordAt(tokens: readonly Token[], offset: number): { offset: number; length: number } {
  const isWord = ({ kind }: Token): boolean =>
    (kind > tokenKind.colon && kind < tokenKind.lineComment) || kind === tokenKind.unknown;
  const touched = tokens.filter(
    (token) => isWord(token) && token.offset <= offset && offset <= token.offset + token.length,
  );
  // Directly behind a finished text nothing is typed in it any more, but it may still be meant.
  const found = touched.at(-1);
  return found ?? { offset, length: 0 };
}

function keysBeside(object: Node, wordOffset: number): readonly string[] {
  return membersOf(object)
    .filter(({ keyNode }) => keyNode.offset !== wordOffset)
    .map(({ key }) => key);
}
