import { CompletionItemKind } from 'vscode-languageserver-types';
import { typesOf, type JsonValue, type Schema } from '../../../recipe/schema';
import type { Cursor } from '../cursor';
import { escapeSnippet, type Suggestion } from './suggestion';

/** The keys that the object under the cursor does not have yet, required ones first. */
export function keySuggestions({ schema, siblings, after }: Cursor): readonly Suggestion[] {
  const required = schema?.required ?? [];
  // An existing key is only renamed: its value stays.
  const hasValue = after?.kind === 'colon';
  return Object.entries(schema?.properties ?? {})
    .filter(([key]) => !siblings.includes(key) && key !== '$schema')
    .map(([key, property]) => ({
      label: key,
      insert: hasValue ? JSON.stringify(key) : `${JSON.stringify(key)}: ${valueSnippet(property)}`,
      kind: CompletionItemKind.Property,
      detail: detailOf(property),
      ...(property.description === undefined ? {} : { documentation: property.description }),
      isPreferred: required.includes(key),
    }));
}

function detailOf(schema: Schema): string {
  if (schema.default !== undefined && schema.default !== null) return `default ${JSON.stringify(schema.default)}`;
  return typesOf(schema)
    .filter((type) => type !== 'null')
    .join(' or ');
}

/** A value to overwrite: the default, or the first example where the default is not a choice. */
export function valueSnippet(schema: Schema): string {
  const [type] = typesOf(schema);
  const usual = schema.default ?? schema.examples?.[0];
  if (schema.enum !== undefined) return choice(schema.enum, schema.default);
  if (type === 'boolean' && typeof schema.default === 'boolean') return `\${1:${!schema.default}}`;
  if (type === 'object') return '{ $1 }';
  if (type === 'array') return usual === undefined || isEmptyList(usual) ? '[$1]' : listSnippet(usual);
  if (type === 'string') return typeof usual === 'string' ? `"\${1:${inner(usual)}}"` : '"$1"';
  return `\${1:${escapeSnippet(JSON.stringify(usual ?? schema.minimum ?? 0))}}`;
}

function isEmptyList(value: JsonValue): boolean {
  return Array.isArray(value) && value.length === 0;
}

function listSnippet(value: JsonValue): string {
  return Array.isArray(value)
    ? `[\${1:${escapeSnippet(JSON.stringify(value).slice(1, -1).replaceAll(',', ', '))}}]`
    : '[$1]';
}

/** The usual value first; the list that opens on it offers the others. */
function choice(values: readonly JsonValue[], usual: JsonValue | undefined): string {
  const first = JSON.stringify(usual ?? values[0]!);
  return first.startsWith('"') ? `"\${1:${inner(JSON.parse(first) as string)}}"` : `\${1:${first}}`;
}

function inner(text: string): string {
  return escapeSnippet(JSON.stringify(text).slice(1, -1));
}
