import { applyEdits, modify, type Edit } from 'jsonc-parser';
import { nearest } from './nearest';
import type { Problem } from './problem';
import { recipeSchema, schemaAt, typesOf, type JsonType, type JsonValue, type Schema } from './schema';
import { parseText } from './syntax';
import { wantedWords } from './validate';

export interface OverriddenText {
  readonly text: string;
  /** What is wrong with the overrides themselves; their values are judged by `parseRecipe(text)`. */
  readonly problems: readonly Problem[];
}

/**
 * Sets values in a recipe's text, such as `training.max_steps=10`, and keeps its comments and layout.
 * A value is JSON (`2e-4`, `["q_proj"]`, `null`), otherwise a text. A text with syntax errors stays as it is.
 */
export function applyOverrides(text: string, overrides: readonly string[]): OverriddenText {
  const problems: Problem[] = [];
  let current = text;
  if (parseText(text).problems.length > 0) return { text, problems };
  for (const override of overrides) {
    const result = applyOne(current, override);
    if ('problem' in result) problems.push(result.problem);
    else current = result.text;
  }
  return { text: current, problems };
}

function applyOne(text: string, override: string): { text: string } | { problem: Problem } {
  const equals = override.indexOf('=');
  const key = equals < 0 ? override.trim() : override.slice(0, equals).trim();
  if (equals < 0) {
    return {
      problem: overrideProblem(
        key,
        'override-syntax',
        `Write KEY=VALUE, such as training.max_steps=10; "${override}" has no "=".`,
      ),
    };
  }
  const place = schemaAt(key);
  if (place === undefined) {
    const meant = nearest(key, dottedKeys(recipeSchema, ''));
    const hint = meant === undefined ? '' : ` Did you mean \`${meant}\`?`;
    return { problem: overrideProblem(key, 'unknown-key', `A recipe has no key \`${key}\`.${hint}`) };
  }
  const given = override.slice(equals + 1);
  const value = valueOf(given, place.schema);
  if (!typesOfValue(value).some((type) => typesOf(place.schema).includes(type))) {
    const message = `\`${key}\` must be ${wantedWords(place.schema)}, but is given as ${given === '' ? 'nothing' : given}.`;
    return { problem: overrideProblem(key, 'wrong-type', message) };
  }
  const edits = editsFor(text, [...place.path], value);
  if (edits !== undefined) return { text: applyEdits(text, edits) };
  const message = `\`${key}\` cannot be set: what is written above it is neither an object nor a list.`;
  return { problem: overrideProblem(key, 'override-place', message) };
}

function editsFor(text: string, path: (string | number)[], value: JsonValue): Edit[] | undefined {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  try {
    return modify(text, path, value, { formattingOptions: { tabSize: 2, insertSpaces: true, eol } });
  } catch {
    // The library's answer to a parent that cannot hold the key.
    return undefined;
  }
}

/** JSON where the key can hold it, otherwise the text: `name=7` names the adapter "7". */
function valueOf(text: string, schema: Schema): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
  const types = typesOf(schema);
  const fits = typesOfValue(value).some((type) => types.includes(type));
  return !fits && types.includes('string') ? text : value;
}

function typesOfValue(value: JsonValue): readonly JsonType[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return [typeof value as 'string' | 'boolean' | 'object'];
}

function dottedKeys(schema: Schema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...dottedKeys(inner, `${prefix}${key}.`),
  ]);
}

function overrideProblem(path: string, code: string, message: string): Problem {
  const start = { line: 0, character: 0 };
  return { code, severity: 'error', message, path, range: { start, end: start } };
}
