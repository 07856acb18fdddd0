import type { Node } from 'jsonc-parser';
import type { Change, Fix } from './fix';
import type { ProblemFix, TextEdit } from './problem';
import type { JsonPath, JsonValue } from './schema';
import { exactNode, firstNode, parseText, plainValue } from './syntax';
import { TextIndex } from './textIndex';

/** Replaces `length` characters at `offset` by `text`. */
interface Splice {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** A fix as changes of the recipe's text that keep comments and layout; undefined where it cannot be applied. */
export function fixEdits(text: string, fix: Fix): ProblemFix | undefined {
  let splices: readonly Splice[] = [];
  let current = text;
  for (const [at, change] of fix.changes.entries()) {
    for (const step of stepsOf(change, current)) {
      const next = splicesOf(step, current);
      if (next === undefined) return undefined;
      current = applySplices(current, next);
      splices = at === 0 && splices.length === 0 ? next : [differenceOf(text, current)];
    }
  }
  if (current === text) return undefined;
  const index = new TextIndex(text);
  const edits = splices.map(({ offset, length, text: newText }) => ({ range: index.range(offset, length), newText }));
  return { title: fix.title, isPreferred: fix.isPreferred ?? false, edits };
}

/** The text after the edits of a fix. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const index = new TextIndex(text);
  const splices = edits.map(({ range, newText }) => {
    const offset = index.offset(range.start);
    return { offset, length: index.offset(range.end) - offset, text: newText };
  });
  return applySplices(text, splices);
}

function applySplices(text: string, splices: readonly Splice[]): string {
  return [...splices]
    .sort((a, b) => b.offset - a.offset)
    .reduce((current, { offset, length, text: put }) => {
      return current.slice(0, offset) + put + current.slice(offset + length);
    }, text);
}

/** One splice that turns a text into another: what several changes together do. */
function differenceOf(before: string, after: string): Splice {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { offset: start, length: before.length - start - end, text: after.slice(start, after.length - end) };
}

type Step = Exclude<Change, { readonly moveTo: JsonPath }>;

/** Moving is writing the value at the new place, then deleting the old one. */
function stepsOf(change: Change, text: string): readonly Step[] {
  if (!('moveTo' in change)) return [change];
  const parsed = parseText(text).root;
  // What is written there already counts.
  if (parsed === undefined || exactNode(parsed, change.moveTo) !== undefined) return [];
  const value = exactNode(parsed, change.path);
  if (value === undefined) return [];
  return [
    { path: change.moveTo, value: plainValue(value) },
    { path: change.path, remove: true },
  ];
}

function splicesOf(change: Step, text: string): readonly Splice[] | undefined {
  const { root } = parseText(text);
  if (root === undefined) return undefined;
  if ('value' in change) return setSplices(text, root, change.path, change.value);
  const node = firstNode(root, change.path);
  if (node === undefined) return undefined;
  if ('renameTo' in change) {
    const key = node.parent?.children?.[0];
    const isTaken = exactNode(root, [...change.path.slice(0, -1), change.renameTo]) !== undefined;
    if (isTaken) return undefined;
    return key && [{ offset: key.offset, length: key.length, text: JSON.stringify(change.renameTo) }];
  }
  return removeSplices(text, node.parent?.type === 'property' ? node.parent : node);
}

function setSplices(text: string, root: Node, path: JsonPath, value: JsonValue): readonly Splice[] | undefined {
  const there = exactNode(root, path);
  if (there !== undefined) return [{ offset: there.offset, length: there.length, text: inlineJson(value) }];
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = exactNode(root, path.slice(0, depth));
    if (parent === undefined) continue;
    const rest = path.slice(depth + 1);
    const nested = rest.reduceRight<JsonValue>((inner, key) => ({ [String(key)]: inner }), value);
    if (parent.type === 'object')
      return insertSplices(text, parent, `${JSON.stringify(path[depth])}: ${inlineJson(nested)}`);
    return parent.type === 'array' ? insertSplices(text, parent, inlineJson(nested)) : undefined;
  }
  return undefined;
}

/** Behind the last child of an object or list, on a line of its own where those that are there have one. */
function insertSplices(text: string, parent: Node, written: string): readonly Splice[] {
  const last = parent.children?.at(-1);
  const open = parent.offset + 1;
  if (last === undefined) {
    const padding = parent.type === 'object' ? ' ' : '';
    return [{ offset: open, length: 0, text: `${padding}${written}${padding}` }];
  }
  const end = last.offset + last.length;
  const comma = commaAfter(text, end);
  const close = parent.offset + parent.length - 1;
  const lineStart = text.lastIndexOf('\n', last.offset) + 1;
  const indent = text.slice(lineStart, last.offset);
  const hasOwnLine = indent.trim() === '' && lineStart > parent.offset;
  if (!hasOwnLine) return [{ offset: end, length: 0, text: `, ${written}` }];
  // A comment at the end of the line belongs to the child that was last before.
  const lineEnd = Math.min(nextLineBreak(text, comma ?? end), close);
  const put = `${eolOf(text)}${indent}${written}${comma === undefined ? '' : ','}`;
  const separator = comma === undefined ? [{ offset: end, length: 0, text: ',' }] : [];
  if (separator.length > 0 && lineEnd === end) return [{ offset: end, length: 0, text: `,${put}` }];
  return [...separator, { offset: lineEnd, length: 0, text: put }];
}

/** With its comma, and with its whole lines and the comment behind it where nothing else stands there. */
function removeSplices(text: string, node: Node): readonly Splice[] {
  const siblings = node.parent?.children ?? [];
  const at = siblings.indexOf(node);
  const end = node.offset + node.length;
  const comma = commaAfter(text, end);
  const before = siblings[at - 1];
  const isLast = at === siblings.length - 1;
  // The comma that only separated this one from the one before it.
  const loose =
    isLast && comma === undefined && before !== undefined ? commaAfter(text, before.offset + before.length) : undefined;
  const separator = loose === undefined ? [] : [{ offset: loose - 1, length: 1, text: '' }];
  const stop = comma ?? end;
  const lineStart = Math.max(text.lastIndexOf('\n', node.offset - 1) + 1, 0);
  const lineEnd = nextLineBreak(text, stop);
  const rest = text.slice(stop, lineEnd).trim();
  const hasOwnLine =
    text.slice(lineStart, node.offset).trim() === '' && (rest === '' || /^\/\/|^\/\*[^]*\*\/$/.test(rest));
  if (hasOwnLine && lineStart > 0) {
    const from = lineStart - (text[lineStart - 2] === '\r' ? 2 : 1);
    return [...separator, { offset: from, length: lineEnd - from, text: '' }];
  }
  if (loose !== undefined) return [{ offset: loose - 1, length: end - loose + 1, text: '' }];
  const space = /^[ \t]*/.exec(text.slice(stop))![0].length;
  const keepsSpace = isLast || siblings.length === 1;
  return [{ offset: node.offset, length: stop - node.offset + (keepsSpace ? 0 : space), text: '' }];
}

/** Where the comma that follows ends; undefined when the next thing is none. */
function commaAfter(text: string, from: number): number | undefined {
  const found = /^(?:\s|\/\/[^\n]*\n|\/\*[^]*?\*\/)*,/.exec(text.slice(from));
  return found === null ? undefined : from + found[0].length;
}

function nextLineBreak(text: string, from: number): number {
  const found = text.slice(from).search(/\r?\n/);
  return found < 0 ? text.length : from + found;
}

function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** JSON on one line as people write it. */
export function inlineJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(inlineJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${inlineJson(inner)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
