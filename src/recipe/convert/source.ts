import type { JsonValue } from '../schema';
import type { Mention, SourceProblem, Tool } from './conversion';

/** A setting with what is inside of it; every reader gives these, whatever the text's language. */
export interface Setting extends Mention {
  /** What rules go by: the key without its parents. */
  readonly name: string;
  /** Of a table its settings, of a list its items. */
  readonly members: readonly Setting[];
  /** The value is the text of an expression that only running it would turn into a value. */
  readonly isComputed?: boolean;
}

export interface Source {
  readonly tool: Tool | undefined;
  readonly settings: readonly Setting[];
  readonly problems: readonly SourceProblem[];
}

export function isTable(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nothing is said by a key whose value is missing. */
export function isUnset(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === '';
}

export function unreadable(message: string, line = 1): Source {
  return { tool: undefined, settings: [], problems: [{ line, message }] };
}

/** A value as people would write it. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
