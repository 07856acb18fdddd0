import { readFile } from 'node:fs/promises';
import { parse, printParseErrorCode } from 'jsonc-parser';
import type { ParseError } from 'jsonc-parser';
import { fileMissing, fileUnreadable, jsonBroken, jsonNotAnObject, systemErrorCode } from './failures';

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The text of a UTF-8 file, without a byte order mark; undefined when there is no such file.
 * @throws Failure `file-unreadable`
 */
export async function readTextIfPresent(file: string): Promise<string | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    return text.startsWith('\uFEFF') ? text.slice(1) : text;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw fileUnreadable(file, error);
  }
}

/**
 * The object in a JSON file; undefined when there is no such file.
 * @throws Failure `file-unreadable`, `json-broken` (with the line), `json-not-an-object`
 */
export async function readJsonObjectIfPresent(file: string): Promise<JsonObject | undefined> {
  const text = await readTextIfPresent(file);
  return text === undefined ? undefined : parseJsonObject(text, file);
}

/**
 * The object in a JSON file.
 * @throws Failure `file-missing`, `file-unreadable`, `json-broken` (with the line), `json-not-an-object`
 */
export async function readJsonObject(file: string): Promise<JsonObject> {
  const value = await readJsonObjectIfPresent(file);
  if (value === undefined) throw fileMissing(file);
  return value;
}

function parseJsonObject(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // JSON.parse is fast but does not say where; the tolerant parser does.
    const errors: ParseError[] = [];
    parse(text, errors, { disallowComments: true });
    const offset = errors[0]?.offset ?? text.length;
    const what = errors[0] === undefined ? 'a character that JSON does not allow' : spoken(errors[0]);
    throw jsonBroken(file, text.slice(0, offset).split('\n').length, what);
  }
  if (!isJsonObject(value)) throw jsonNotAnObject(file);
  return value;
}

/** `CommaExpected` → `comma expected`. */
function spoken(error: ParseError): string {
  return printParseErrorCode(error.error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}
