import type { Node as JsonNode } from 'jsonc-parser';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { membersOf, parseText } from '../../syntax';
import type { JsonValue } from '../../schema';
import type { SourceProblem } from '../conversion';
import type { Setting } from '../source';

/** The settings at the top of a JSON or YAML file. */
export interface SettingsFile {
  /** Undefined when there is no table at the top. */
  readonly settings: readonly Setting[] | undefined;
  readonly problems: readonly SourceProblem[];
}

/** Aliases can make a short text endless. */
const mostSettings = 20_000;

export function readJson(text: string): SettingsFile {
  const { root, problems, index } = parseText(text);
  const found = problems.map(({ message, range }) => ({ line: range.start.line + 1, message }));
  if (root?.type !== 'object') return { settings: undefined, problems: found };
  const setting = (name: string, key: string, node: JsonNode, at: JsonNode): Setting => {
    const members =
      node.type === 'object'
        ? membersOf(node).flatMap((member) =>
            member.value === undefined
              ? []
              : [setting(member.key, dotted(key, member.key), member.value, member.keyNode)],
          )
        : node.type === 'array'
          ? (node.children ?? []).map((child, at) => setting(String(at), `${key}[${at}]`, child, child))
          : [];
    const scalar = (node.value ?? null) as JsonValue;
    return {
      name,
      key,
      value: whole(node.type === 'object' ? 'table' : node.type === 'array' ? 'list' : 'scalar', members, scalar),
      line: index.position(at.offset).line + 1,
      members,
    };
  };
  return { settings: setting('', '', root, root).members, problems: found };
}

/** YAML 1.1 as PyYAML reads it, but `1e-4` is a number: every tool makes it one. Never throws. */
export function readYaml(text: string): SettingsFile {
  const lines = new LineCounter();
  try {
    const options = {
      version: '1.1',
      merge: true,
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
    } as const;
    const document = parseDocument(text, options);
    const problems = document.errors.map(({ pos, code }) => ({
      line: lines.linePos(pos[0]).line,
      message:
        yamlMessages[code] ?? 'This cannot be read as YAML: check the indentation, colons and quotes around here.',
    }));
    if (!isMap(document.contents)) return { settings: undefined, problems };
    return { settings: new YamlReader(document, lines).members(document.contents, ''), problems };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return {
      settings: undefined,
      problems: [{ line: 1, message: 'The file is nested too deeply or refers to itself.' }],
    };
  }
}

const yamlMessages: Readonly<Record<string, string | undefined>> = {
  DUPLICATE_KEY: 'This key is written twice; delete one of the two.',
  TAB_AS_INDENT: 'YAML is indented with blanks, not with tabs.',
  MULTIPLE_DOCS: 'A second document begins here (---); only one can be converted at a time.',
  BLOCK_AS_IMPLICIT_KEY:
    'Keys of one table are indented alike, and a text with a colon in it stands in quotes: here one of the two is not so.',
  MULTILINE_IMPLICIT_KEY: 'A key ends with a colon; here none is found on the line.',
  MISSING_CHAR: 'A quote or bracket that was opened before this is never closed.',
  BAD_INDENT: 'This line is not indented like those that it belongs to.',
};

class YamlReader {
  readonly #document: Document;
  readonly #lines: LineCounter;
  #count = 0;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** @throws RangeError when aliases make it endless */
  members(node: unknown, key: string): readonly Setting[] {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (isSeq(target)) return target.items.map((item, at) => this.#setting(String(at), `${key}[${at}]`, item, item));
    if (!isMap(target)) return [];
    const own = target.items.flatMap((pair) => {
      const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      return name === '<<' ? [] : [this.#setting(name, dotted(key, name), pair.value, pair.key)];
    });
    const merged = target.items
      .filter((pair) => isScalar(pair.key) && String(pair.key.value) === '<<')
      .flatMap((pair) => (isSeq(pair.value) ? pair.value.items : [pair.value]))
      .flatMap((from) => this.members(from, key));
    return [...own, ...merged.filter(({ name }) => !own.some((setting) => setting.name === name))];
  }

  #setting(name: string, key: string, node: unknown, at: unknown): Setting {
    if (++this.#count > mostSettings) throw new RangeError('too many settings');
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    const members = this.members(target, key);
    const kind = isMap(target) ? 'table' : isSeq(target) ? 'list' : 'scalar';
    const offset = ((at ?? node) as Node | null)?.range?.[0] ?? 0;
    // What a name refers to may be missing: then it is shown as it stands.
    const missing = isAlias(node) && target === undefined ? `*${node.source}` : null;
    const value = whole(kind, members, isScalar(target) ? plain(target.value) : missing);
    return { name, key, value, line: this.#lines.linePos(offset).line, members };
  }
}

function plain(value: unknown): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return value instanceof Date ? value.toISOString() : null;
}

function whole(kind: 'table' | 'list' | 'scalar', members: readonly Setting[], scalar: JsonValue): JsonValue {
  if (kind === 'table') return Object.fromEntries(members.map(({ name, value }) => [name, value]));
  return kind === 'list' ? members.map(({ value }) => value) : scalar;
}

function dotted(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}
