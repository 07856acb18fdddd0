import type { JsonPath, JsonValue } from './schema';

/** A way to solve a problem, said in values; `fixEdits` turns it into changes of the text. */
export interface Fix {
  /** An imperative: `Delete "warmup_steps"`. */
  readonly title: string;
  /** Safe to apply without asking, and one of a kind. */
  readonly isPreferred?: boolean;
  readonly changes: readonly Change[];
}

export type Change =
  | { readonly path: JsonPath; readonly value: JsonValue }
  | { readonly path: JsonPath; readonly remove: true }
  /** Another name for the last key of `path`. */
  | { readonly path: JsonPath; readonly renameTo: string }
  /** The value as it is written, under another path. */
  | { readonly path: JsonPath; readonly moveTo: JsonPath };

export function setValue(path: JsonPath, value: JsonValue, title: string): Fix {
  return { title, changes: [{ path, value }] };
}

export function removeKey(path: JsonPath, title = `Delete "${String(path.at(-1))}"`): Fix {
  return { title, changes: [{ path, remove: true }] };
}

/** Deletes an entry of a list while another one is left. */
export function deleteEntry(list: unknown, path: JsonPath, name: string): readonly Fix[] {
  return Array.isArray(list) && list.length > 1 ? [removeKey(path, `Delete ${JSON.stringify(name)}`)] : [];
}

/** Marks the fix that is applied without asking. */
export function preferred(fix: Fix): Fix {
  return { ...fix, isPreferred: true };
}
