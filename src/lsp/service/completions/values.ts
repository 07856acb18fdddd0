import { CompletionItemKind } from 'vscode-languageserver-types';
import { recipeDefaults } from '../../../recipe/recipe.generated';
import { dottedPath, typesOf, type JsonValue, type Schema } from '../../../recipe/schema';
import { formatCount, formatPercent } from '../../../run/format';
import { atRank, costWords } from '../costs';
import type { Cursor } from '../cursor';
import { draftOf, rankOf } from '../draftOf';
import { knownOf, type Sources } from '../knowledge';
import { ascending, percentile } from '../lengths';
import type { RecipeDocument } from '../recipeDocument';
import { pathKeys } from '../structure';
import { pathSuggestions } from './paths';
import type { Suggestion } from './suggestion';
import { moduleNameSuggestions, targetSuggestions } from './targets';

type Suggest = (document: RecipeDocument, cursor: Cursor, sources: Sources) => Promise<readonly Suggestion[]>;

/** Values that depend on the model, the data or the machine, by dotted path; `[]` stands for any item. */
const byPath: Readonly<Record<string, Suggest>> = {
  base_model: (document, cursor, sources) => pathSuggestions(document, cursor, sources, 'model'),
  'dataset.path': (document, cursor, sources) => pathSuggestions(document, cursor, sources, 'dataset'),
  'dataset.eval_path': (document, cursor, sources) => pathSuggestions(document, cursor, sources, 'dataset'),
  'lora.init_from': (document, cursor, sources) => pathSuggestions(document, cursor, sources, 'adapter'),
  output: (document, cursor, sources) => pathSuggestions(document, cursor, sources, 'folder'),
  'lora.target_modules': targetSuggestions,
  'lora.target_modules[]': moduleNameSuggestions,
  'lora.exclude_modules': moduleNameSuggestions,
  'lora.exclude_modules[]': moduleNameSuggestions,
  'lora.modules_to_save': moduleNameSuggestions,
  'lora.modules_to_save[]': moduleNameSuggestions,
  'lora.r': rankSuggestions,
  'lora.lora_alpha': alphaSuggestions,
  'lora.layers_to_transform': layerSuggestions,
  'dataset.columns.*': columnSuggestions,
  'dataset.format': formatSuggestions,
  'dataset.max_length': lengthSuggestions,
  'engine.device': deviceSuggestions,
  'engine.precision': precisionSuggestions,
};

/** What can stand as a value at the cursor. */
export async function valueSuggestions(
  document: RecipeDocument,
  cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const { path, schema } = cursor;
  if (schema === undefined) return [];
  const generic = path.map((segment) => (typeof segment === 'number' ? '[]' : segment));
  const dotted = dottedPath(path.map((segment) => (typeof segment === 'number' ? 0 : segment))).replaceAll('[0]', '[]');
  const inColumns = generic[0] === 'dataset' && generic[1] === 'columns' && generic.length === 3;
  const key = inColumns ? 'dataset.columns.*' : dotted;
  const own = Object.hasOwn(byPath, key) ? await byPath[key]?.(document, cursor, sources) : undefined;
  // Examples of paths lead nowhere on this disk.
  if (pathKeys.some((key) => dottedPath(key) === dotted)) return own ?? [];
  const known = new Set(own?.map(({ label }) => label));
  return [...(own ?? []), ...schemaSuggestions(schema).filter(({ label }) => !known.has(label))];
}

/** Names for the free keys of `rank_pattern` and `alpha_pattern`. */
export async function patternKeySuggestions(
  document: RecipeDocument,
  cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const table = cursor.path.at(-1);
  if (table !== 'rank_pattern' && table !== 'alpha_pattern') return [];
  const names = await moduleNameSuggestions(document, { ...cursor, path: ['lora', 'target_modules', 0] }, sources);
  const usual = recipeDefaults.lora[table === 'rank_pattern' ? 'r' : 'lora_alpha'];
  const value = cursor.after?.kind === 'colon' ? '' : `: \${1:${2 * usual}}`;
  return names
    .filter(({ label }) => !cursor.siblings.includes(label))
    .map((name) => ({ ...name, insert: `${JSON.stringify(name.label)}${value}` }));
}

function schemaSuggestions(schema: Schema): readonly Suggestion[] {
  const values = new Map<string, JsonValue>();
  const list = [schema.default, ...(schema.enum ?? []), ...(schema.examples ?? [])];
  const booleans = typesOf(schema).includes('boolean') ? [true, false] : [];
  const nothing = typesOf(schema).includes('null') ? [null] : [];
  for (const value of [...list, ...booleans, ...nothing]) {
    if (value !== undefined) values.set(JSON.stringify(value), value);
  }
  return [...values.values()].map((value) => ({
    label: typeof value === 'string' ? value : JSON.stringify(value),
    insert: JSON.stringify(value).replaceAll(/[\\$}]/g, '\\$&'),
    kind: schema.enum === undefined ? CompletionItemKind.Value : CompletionItemKind.EnumMember,
    ...(JSON.stringify(value) === JSON.stringify(schema.default) ? { detail: 'default' } : {}),
  }));
}

async function rankSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const known = knownOf(await sources.adapter(document));
  const now = rankOf(draftOf(document));
  return [2, 4, 8, 16, 32, 64].map((rank) => ({
    label: String(rank),
    insert: String(rank),
    kind: CompletionItemKind.Value,
    ...(known?.method === 'lora' ? { detail: costWords(atRank(known.adapter, now, rank)) } : {}),
  }));
}

function alphaSuggestions(document: RecipeDocument): Promise<readonly Suggestion[]> {
  const r = rankOf(draftOf(document));
  const suggestions = [2 * r, r, 4 * r].map((alpha, at) => ({
    label: String(alpha),
    insert: String(alpha),
    kind: CompletionItemKind.Value,
    detail: `${alpha / r} × the rank${at === 0 ? ', the common choice' : ''}`,
    isPreferred: at === 0,
  }));
  return Promise.resolve(suggestions);
}

async function layerSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const blocks = knownOf((await sources.facts(document)).model)?.blocks;
  if (blocks === undefined) return [];
  const numbers = Array.from({ length: blocks }, (_, at) => at);
  const half = Math.floor(blocks / 2);
  const choices = [
    { layers: numbers.slice(half), detail: `the upper half of ${blocks} layers` },
    { layers: numbers.slice(0, half), detail: `the lower half of ${blocks} layers` },
    { layers: numbers.slice(-1), detail: 'the last layer' },
  ].filter(({ layers }) => layers.length > 0);
  return choices.map(({ layers, detail }) => {
    const text = `[${layers.join(', ')}]`;
    return { label: text, insert: text, kind: CompletionItemKind.Value, detail };
  });
}

async function columnSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const columns = knownOf((await sources.facts(document)).data)?.columns ?? [];
  return columns.map((column) => ({ label: column, kind: CompletionItemKind.Field, detail: 'column of the dataset' }));
}

async function formatSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const shape = knownOf(knownOf((await sources.facts(document)).data)?.shape);
  if (shape === undefined) return [];
  const detail = 'what the rows of this dataset look like';
  return [{ label: shape.format, kind: CompletionItemKind.EnumMember, detail, isPreferred: true }];
}

async function lengthSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const facts = await sources.facts(document);
  const context = knownOf(facts.model)?.contextLength;
  const lengths = ascending(knownOf(facts.tokens)?.lengths ?? []);
  if (context === undefined || lengths.length === 0) return [];
  const shares = [1, 0.99, 0.95, 0.5];
  // Whole multiples of 16: what runs fast, and easy to remember.
  const values = [
    ...new Set(shares.map((share) => Math.min(context, Math.ceil(percentile(lengths, share) / 16) * 16))),
  ];
  return values.map((value) => {
    const whole = lengths.filter((length) => length <= value).length / lengths.length;
    const detail = `${formatPercent(100 * whole)} of ${formatCount(lengths.length)} sampled rows fit whole`;
    return { label: String(value), insert: String(value), kind: CompletionItemKind.Value, detail };
  });
}

async function deviceSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const devices = knownOf((await sources.facts(document)).machine)?.devices ?? [];
  return devices.map(({ device, precisions }) => ({
    label: device,
    kind: CompletionItemKind.EnumMember,
    detail: `on this machine, computes in ${precisions.join(', ')}`,
    isPreferred: true,
  }));
}

async function precisionSuggestions(
  document: RecipeDocument,
  _cursor: Cursor,
  sources: Sources,
): Promise<readonly Suggestion[]> {
  const devices = knownOf((await sources.facts(document)).machine)?.devices ?? [];
  const precisions = new Set(devices.flatMap((one) => one.precisions));
  return [...precisions].map((precision) => {
    const able = devices.filter((one) => one.precisions.includes(precision)).map(({ device }) => device);
    const detail = `on this machine, computed in by ${able.join(', ')}`;
    return { label: precision, kind: CompletionItemKind.EnumMember, detail, isPreferred: true };
  });
}
