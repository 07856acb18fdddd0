import type { Node } from 'jsonc-parser';
import { preferred, removeKey, setValue, type Fix } from './fix';
import { fixEdits } from './fixEdits';
import { homeOfKey, keyFromElsewhere } from './foreignKeys';
import { nearest } from './nearest';
import type { Problem } from './problem';
import { dottedPath, propertySchema, schemaAt, typesOf, type JsonType, type JsonValue, type Schema } from './schema';
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
      this.#report(node, path, 'wrong-type', wrongTypeMessage(node, schema, path), unquoteFixes(node, schema, path));
      return undefined;
    }
    if (node.type === 'object') return this.#object(node, schema, path);
    const complaint = enumComplaint(node, schema) ?? complaints[node.type]?.(node, schema);
    if (complaint !== undefined) {
      const { code, message, fixes } = complaint;
      this.#report(node, path, code, `${quotedPath(path)} ${message}`, fixes?.(path));
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
        const fix = preferred(removeKey(memberPath, `Delete the first "${member.key}", which has no effect`));
        this.#report(member.keyNode, memberPath, 'duplicate-key', message, [fix]);
      }
      if (memberSchema === undefined) {
        const { message, fixes } = unknownKey(member, schema, path);
        this.#report(member.keyNode, memberPath, 'unknown-key', message, fixes);
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

  #report(node: Node, path: Path, code: string, message: string, fixes: readonly Fix[] = []): void {
    const edits = fixes.flatMap((fix) => fixEdits(this.#recipe.text, fix) ?? []);
    const problem = problemAt(this.#recipe.index, node, path, { code, severity: 'error', message });
    this.problems.push(edits.length === 0 ? problem : { ...problem, fixes: edits });
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
  readonly fixes?: (path: Path) => readonly Fix[];
}

/** Without the key its default counts. */
function leaveOut(path: Path): readonly Fix[] {
  return typeof path.at(-1) === 'number' ? [] : [removeKey(path)];
}

function enumComplaint(node: Node, schema: Schema): Complaint | undefined {
  if (schema.enum === undefined || schema.enum.includes(node.value as JsonValue)) return undefined;
  const words = schema.enum.filter((value) => typeof value === 'string');
  const meant = typeof node.value === 'string' ? nearest(node.value, words) : undefined;
  const known = listOf(schema.enum.map((value) => JSON.stringify(value)));
  const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  const choices = meant === undefined ? schema.enum : [meant];
  return {
    code: 'unknown-value',
    message: `must be ${known}, but is ${JSON.stringify(node.value)}.${hint}`,
    fixes: (path) => {
      const fixes = choices.map((value) => setValue(path, value, `Write ${JSON.stringify(value)}`));
      return meant === undefined ? fixes : fixes.map(preferred);
    },
  };
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
    const message = 'must not be an empty list. Leave the key out for its default.';
    return { code: 'empty-value', message, fixes: (path) => leaveOut(path).map(preferred) };
  },
  number(node, schema) {
    const value = node.value as number;
    const broken = bounds(schema).find((bound) => !bound.holds(value));
    if (broken === undefined) return undefined;
    const message = `must be ${broken.words}, but is ${value}.${defaultHint(schema)}`;
    return { code: 'out-of-range', message, fixes: leaveOut };
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
function unquoted(node: Node, schema: Schema): number | boolean | undefined {
  if (node.type !== 'string') return undefined;
  const text = (node.value as string).trim();
  const types = typesOf(schema);
  const isNumber =
    /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && types.some((type) => /number|integer/.test(type));
  if (isNumber) return Number(text);
  return /^(true|false)$/i.test(text) && types.includes('boolean') ? text.toLowerCase() === 'true' : undefined;
}

function quotesHint(node: Node, schema: Schema): string {
  const meant = unquoted(node, schema);
  return meant === undefined ? '' : ` Write it without quotes: ${meant}`;
}

function unquoteFixes(node: Node, schema: Schema, path: Path): readonly Fix[] {
  const meant = unquoted(node, schema);
  return meant === undefined ? [] : [preferred(setValue(path, meant, `Write ${meant} without quotes`))];
}

function unknownKey(member: Member, schema: Schema, path: Path): { message: string; fixes: readonly Fix[] } {
  const where = path.length === 0 ? 'a recipe' : `\`${dottedPath(path)}\``;
  const unknown = `\`${member.key}\` is no key of ${where}.`;
  const from = [...path, member.key];
  const remove = removeKey(from);
  const home = homeOfKey(member.key);
  if (home !== undefined) {
    const message = `${unknown} ${keyFromElsewhere(member.key, path)!}`;
    const fits =
      member.value !== undefined &&
      typesOf(schemaAt(dottedPath(home))!.schema).some((type) => isType(member.value!, type));
    return { message, fixes: [...(fits ? [preferred(moved(from, home))] : []), remove] };
  }
  const answer = keyFromElsewhere(member.key, path);
  if (answer !== undefined) return { message: `${unknown} ${answer}`, fixes: [remove] };
  const known = Object.keys(schema.properties ?? {}).filter((key) => key !== '$schema');
  const meant = nearest(member.key, known);
  if (meant === undefined) return { message: `${unknown} Its keys are ${known.join(', ')}.`, fixes: [remove] };
  return {
    message: `${unknown} Did you mean \`${meant}\`?`,
    fixes: [preferred(moved(from, [...path, meant])), remove],
  };
}

function moved(from: Path, to: Path): Fix {
  const isHere = dottedPath(from.slice(0, -1)) === dottedPath(to.slice(0, -1));
  return isHere
    ? { title: `Write "${String(to.at(-1))}"`, changes: [{ path: from, renameTo: String(to.at(-1)) }] }
    : { title: `Move it to "${dottedPath(to)}"`, changes: [{ path: from, moveTo: to }] };
}

function firstSentence(schema: Schema | undefined): string {
  const text = schema?.description ?? '';
  const end = text.search(/[.:] /);
  return end < 0 ? text : `${text.slice(0, end)}.`;
}

function quotedPath(path: Path): string {
  return `\`${dottedPath(path)}\``;
}
