import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import type { Problem } from './problem';
import { dottedPath, type JsonValue } from './schema';
import { TextIndex } from './textIndex';

/** A recipe's text with its syntax tree; `root` is missing when there is nothing in it. */
export interface RecipeText {
  readonly text: string;
  readonly index: TextIndex;
  readonly root: Node | undefined;
  readonly problems: readonly Problem[];
}

type ErrorName = ReturnType<typeof printParseErrorCode>;

const messages: Readonly<Record<ErrorName, string>> = {
  InvalidSymbol: 'This word is neither a text in "double quotes" nor a number, true, false or null.',
  InvalidNumberFormat: 'This is not a number. Write it like 8, 0.05 or 2e-4.',
  PropertyNameExpected: 'Here a key in "double quotes" belongs.',
  ValueExpected: 'Here a value belongs: a text in "double quotes", a number, true, false, null, […] or {…}.',
  ColonExpected: 'Between a key and its value belongs a colon.',
  CommaExpected: 'Before this belongs a comma.',
  CloseBraceExpected: 'A } is missing: an object that was opened is never closed.',
  CloseBracketExpected: 'A ] is missing: a list that was opened is never closed.',
  EndOfFileExpected: 'The recipe ended before this: delete what follows the last }.',
  InvalidCommentToken: 'Comments begin with // or stand between /* and */.',
  UnexpectedEndOfComment: 'This comment is never closed with */.',
  UnexpectedEndOfString: 'This text is never closed with a ".',
  UnexpectedEndOfNumber: 'This number is not complete.',
  InvalidUnicode: 'After \\u belong four hexadecimal digits.',
  InvalidEscapeCharacter: 'This is not a known escape. Write a backslash as \\\\ and a path with /.',
  InvalidCharacter: 'This character must not stand in a text as it is. Write a line break as \\n and a tab as \\t.',
  '<unknown ParseErrorCode>': 'This cannot be read as JSON.',
};

/** Parses JSON with comments and trailing commas. Never throws. */
export function parseText(text: string): RecipeText {
  const index = new TextIndex(text);
  const errors: ParseError[] = [];
  try {
    // A byte order mark, which some Windows programs write, is no JSON; a space keeps all offsets.
    const root = parseTree(text.replace(/^\uFEFF/, ' '), errors, { allowTrailingComma: true, allowEmptyContent: true });
    return { text, index, root, problems: firstOfEachPlace(errors, text).map((error) => syntaxProblem(error, index)) };
  } catch (error) {
    // The parser recurses: only a text nested thousands of levels deep gets here.
    if (!(error instanceof RangeError)) throw error;
    const message = 'The recipe is nested too deeply to be read.';
    const whole = index.range(0, text.length);
    const problem: Problem = { code: 'recipe-syntax', severity: 'error', message, path: '', range: whole };
    return { text, index, root: undefined, problems: [problem] };
  }
}

/** One slip often makes the parser complain twice: at the same place, or about what follows it. */
function firstOfEachPlace(errors: readonly ParseError[], text: string): readonly ParseError[] {
  return errors.filter((error, at) => {
    const before = errors[at - 1];
    return before === undefined || text.slice(before.offset + before.length, error.offset).trim() !== '';
  });
}

function syntaxProblem(error: ParseError, index: TextIndex): Problem {
  return {
    code: 'recipe-syntax',
    severity: 'error',
    message: messages[printParseErrorCode(error.error)],
    path: '',
    range: index.range(error.offset, error.length),
  };
}

/** Key and value nodes of an object, also of one that is still being typed (`value` missing). */
export interface Member {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | undefined;
}

export function membersOf(node: Node): readonly Member[] {
  return (node.children ?? []).flatMap((property) => {
    const [keyNode, value] = property.children ?? [];
    return keyNode === undefined ? [] : [{ key: String(keyNode.value), keyNode, value }];
  });
}

/** The plain value of a node whose shape the schema has approved. */
export function plainValue(node: Node): JsonValue {
  if (node.type === 'array') return (node.children ?? []).map(plainValue);
  if (node.type !== 'object') return node.value as JsonValue;
  const members = membersOf(node).flatMap(({ key, value }) =>
    value === undefined ? [] : [[key, plainValue(value)] as const],
  );
  return Object.fromEntries(members);
}

/**
 * Where in the tree a path such as `['lora', 'r']` lies: its value, else the nearest parent that is there.
 * Of keys written twice the last counts, as in JSON.parse.
 */
export function nodeAt(root: Node, path: readonly (string | number)[]): Node {
  let node = root;
  for (const segment of path) {
    const next =
      typeof segment === 'number'
        ? node.children?.[segment]
        : membersOf(node).findLast((member) => member.key === segment)?.value;
    if (next === undefined) return node;
    node = next;
  }
  return node;
}

/** The value of exactly this path, or undefined. Of keys written twice the last counts, as in JSON.parse. */
export function exactNode(root: Node, path: readonly (string | number)[]): Node | undefined {
  return followPath(root, path, (members, key) => members.findLast((member) => member.key === key));
}

/** The same where of keys written twice the first counts: the one that has no effect. */
export function firstNode(root: Node, path: readonly (string | number)[]): Node | undefined {
  return followPath(root, path, (members, key) => members.find((member) => member.key === key));
}

function followPath(
  root: Node,
  path: readonly (string | number)[],
  choose: (members: readonly Member[], key: string) => Member | undefined,
): Node | undefined {
  return path.reduce<Node | undefined>((node, segment) => {
    if (node === undefined) return undefined;
    if (typeof segment === 'number') return node.type === 'array' ? node.children?.[segment] : undefined;
    return node.type === 'object' ? choose(membersOf(node), segment)?.value : undefined;
  }, root);
}

/** Builds a problem at a node; `path` is the JSON path that the message is about. */
export function problemAt(
  index: TextIndex,
  node: Node,
  path: readonly (string | number)[],
  details: Pick<Problem, 'code' | 'severity' | 'message'>,
): Problem {
  return { ...details, path: dottedPath(path), range: index.range(node.offset, node.length) };
}
