import type { Node } from 'jsonc-parser';
import { keyFromElsewhere } from './foreignKeys';
import { nearest } from './nearest';
import type { Problem } from './problem';
import { dottedPath, propertySchema, typesOf, type JsonType, type JsonValue, type Schema } from './schema';
import { membersOf, problemAt, type Member, type RecipeText } from './syntax';
import { listOf } from './words';

type Path = readonly (string | number)[];

/** What is left of a value after everything wrong in it was reported and dropped; undefined: nothing. */
type Sound = JsonValue | undefined;

/** Checks a syntax tree against the schema; every problem has the range of the value or key that is wrong. */
export class SchemaValidator {
  readonly problems: Problem[] = [];
  readonly #recipe: RecipeText;

  constructor(recipe: RecipeText) {
    this.#recipe = recipe;
  }

  /** The parts of `node` that obey the schema. */
  validate(node: Node, schema: Schema, path: Path): Sound {
    if (!typesOf(schema).some((type) => isType(node, type))) {
      this.#report(node, path, 'wrong-type', wrongTypeMessage(node, schema, path));
      return undefined;
    }
    if (node.type === 'object') return this.#object(node, schema, path);
    const complaint = enumComplaint(node, schema) ?? complaints[node.type]?.(node, schema);
    if (complaint !== undefined) {
      this.#report(node, path, complaint.code, `${quotedPath(path)} ${complaint.message}`);
      return undefined;
    }
    return node.type === 'array' ? this.#array(node, schema, path) : (node.value as JsonValue);
  }

  #array(node: Node, schema: Schema, path: Path): Sound {
    const items = (node.children ?? []).map((child, at) => this.validate(child, schema.items!, [...path, at]));
    return items.every((item) => item !== undefined) ? items : undefined;
  }

  #object(node: Node, schema: Schema, path: Path): Sound {
    const members = membersOf(node);
    const sound = new Map<string, JsonValue>();
    for (const [at, member] of members.entries()) {
      const memberPath = [...path, member.key];
      const memberSchema = propertySchema(schema, member.key);
      if (members.findIndex((other) => other.key === member.key) < at) {
        const message = `\`${dottedPath(memberPath)}\` is written twice. Delete one of the two.`;
        this.#report(member.keyNode, memberPath, 'duplicate-key', message);
      }
      if (memberSchema === undefined) {
        this.#report(member.keyNode, memberPath, 'unknown-key', unknownKeyMessage(member, schema, path));
      } else if (member.value !== undefined) {
        const value = this.validate(member.value, memberSchema, memberPath);
        if (value === undefined) sound.delete(member.key);
        else sound.set(member.key, value);
      }
    }
    this.#required(node, schema, path, members);
    return Object.fromEntries(sound);
  }

  #required(node: Node, schema: Schema, path: Path, members: readonly Member[]): void {
    for (const key of schema.required ?? []) {
      if (members.some((member) => member.key === key)) continue;
      const missing = schema.properties?.[key];
      const name = missing?.required === undefined ? [...path, key] : [...path, key, ...missing.required];
      const message = `\`${dottedPath(name)}\` is missing. ${firstSentence(missing?.properties?.[missing.required?.[0] ?? ''] ?? missing)}`;
      // The opening brace: underlining the whole object would drown everything else.
      const place = { ...node, length: Math.min(node.length, 1) };
      this.#report(place, name, 'missing-key', message);
    }
  }

  #report(node: Node, path: Path, code: string, message: string): void {
    this.problems.push(problemAt(this.#recipe.index, node, path, { code, severity: 'error', message }));
  }
}

function isType(node: Node, type: JsonType): boolean {
  if (type === 'number') return node.type === 'number';
  if (type === 'integer') return node.type === 'number' && Number.isInteger(node.value);
  return node.type === type;
}

interface Complaint {
  readonly code: string;
  readonly message: string;
}

function enumComplaint(node: Node, schema: Schema): Complaint | undefined {
  if (schema.enum === undefined || schema.enum.includes(node.value as JsonValue)) return undefined;
  const words = schema.enum.filter((value) => typeof value === 'string');
  const meant = typeof node.value === 'string' ? nearest(node.value, words) : undefined;
  const known = listOf(schema.enum.map((value) => JSON.stringify(value)));
  const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  return { code: 'unknown-value', message: `must be ${known}, but is ${JSON.stringify(node.value)}.${hint}` };
}

const complaints: Partial<Record<Node['type'], (node: Node, schema: Schema) => Complaint | undefined>> = {
  string(node, schema) {
    const text = node.value as string;
    if (text.length < (schema.minLength ?? 0)) return { code: 'empty-value', message: 'must not be empty.' };
    if (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text)) return undefined;
    return { code: 'unknown-value', message: `cannot be ${JSON.stringify(text)}. ${schema.patternErrorMessage ?? ''}` };
  },
  array(node, schema) {
    if ((node.children?.length ?? 0) >= (schema.minItems ?? 0)) return undefined;
    return { code: 'empty-value', message: 'must not be an empty list. Leave the key out for its default.' };
  },
  number(node, schema) {
    const value = node.value as number;
    const broken = bounds(schema).find((bound) => !bound.holds(value));
    if (broken === undefined) return undefined;
    return { code: 'out-of-range', message: `must be ${broken.words}, but is ${value}.${defaultHint(schema)}` };
  },
};

/** What to do instead of finding a value of one's own. */
function defaultHint({ default: usual }: Schema): string {
  return usual === undefined || usual === null ? '' : ` Leave it out for the default, ${JSON.stringify(usual)}.`;
}

interface Bound {
  readonly words: string;
  holds(value: number): boolean;
}

function bounds(schema: Schema): readonly Bound[] {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
  const all: (Bound | undefined)[] = [
    { words: 'a finite number', holds: (value) => Number.isFinite(value) },
    minimum === undefined ? undefined : { words: `at least ${minimum}`, holds: (value) => value >= minimum },
    exclusiveMinimum === undefined
      ? undefined
      : { words: `more than ${exclusiveMinimum}`, holds: (value) => value > exclusiveMinimum },
    maximum === undefined ? undefined : { words: `at most ${maximum}`, holds: (value) => value <= maximum },
    exclusiveMaximum === undefined
      ? undefined
      : { words: `less than ${exclusiveMaximum}`, holds: (value) => value < exclusiveMaximum },
  ];
  return all.filter((bound) => bound !== undefined);
}

/** `a whole number or null`: what the key takes. */
export function wantedWords(schema: Schema): string {
  return listOf(typesOf(schema).map((type) => typeWords[type]));
}

const typeWords: Readonly<Record<JsonType, string>> = {
  object: 'an object {…}',
  array: 'a list […]',
  string: 'a text in "double quotes"',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};

function wrongTypeMessage(node: Node, schema: Schema, path: Path): string {
  const wanted = wantedWords(schema);
  const name = path.length === 0 ? 'The recipe' : quotedPath(path);
  const got = node.type === 'number' ? String(node.value) : typeWords[node.type as JsonType];
  return `${name} must be ${wanted}, but is ${got}.${quotesHint(node, schema)}`;
}

/** `"8"` where 8 is meant is the commonest slip. */
function quotesHint(node: Node, schema: Schema): string {
  if (node.type !== 'string') return '';
  const text = (node.value as string).trim();
  const types = typesOf(schema);
  const isNumber =
    /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && types.some((type) => /number|integer/.test(type));
  const isWord = /^(true|false)$/i.test(text) && types.includes('boolean');
  if (isNumber) return ` Write it without quotes: ${Number(text)}`;
  return isWord ? ` Write it without quotes: ${text.toLowerCase()}` : '';
}

function unknownKeyMessage(member: Member, schema: Schema, path: Path): string {
  const where = path.length === 0 ? 'a recipe' : `\`${dottedPath(path)}\``;
  const unknown = `\`${member.key}\` is no key of ${where}.`;
  const elsewhere = keyFromElsewhere(member.key, path);
  if (elsewhere !== undefined) return `${unknown} ${elsewhere}`;
  const known = Object.keys(schema.properties ?? {}).filter((key) => key !== '$schema');
  const meant = nearest(member.key, known);
  return `${unknown} ${meant === undefined ? `Its keys are ${known.join(', ')}.` : `Did you mean \`${meant}\`?`}`;
}

function firstSentence(schema: Schema | undefined): string {
  const text = schema?.description ?? '';
  const end = text.search(/[.:] /);
  return end < 0 ? text : `${text.slice(0, end)}.`;
}

function quotedPath(path: Path): string {
  return `\`${dottedPath(path)}\``;
}
