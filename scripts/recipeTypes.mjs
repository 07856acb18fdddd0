// Derives what other code and readers need from schemas/lora.schema.json, the single source of truth:
//   src/recipe/recipe.generated.ts   types Recipe and ResolvedRecipe, the data recipeDefaults
//   docs/recipe.md                   the reference for people
// and from schemas/peft-fields.json docs/peft-fields.md.
//   node scripts/recipeTypes.mjs     writes them (a unit test fails when they differ from the schema)
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { peftFieldsPage } from './peftFieldsPage.mjs';

const generatedNote =
  'Generated from schemas/lora.schema.json by scripts/recipeTypes.mjs: change the schema, not this file.';

/** An object of keys with their own defaults, such as `lora`; `columns` with its default {} is one value. */
function isSection(property) {
  return property.type === 'object' && property.default === undefined;
}

function capitalized(key) {
  return key[0].toUpperCase() + key.slice(1);
}

/** The TypeScript type of one property: its enum, or the union of its JSON types. */
function typeOf(property) {
  if (property.enum !== undefined) return property.enum.map((value) => literal(value)).join(' | ');
  return [property.type]
    .flat()
    .map((type) => jsonType(type, property))
    .join(' | ');
}

function literal(value) {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function jsonType(type, property) {
  if (type === 'integer') return 'number';
  if (type === 'array') return `readonly ${typeOf(property.items)}[]`;
  if (type !== 'object') return type;
  if (property.additionalProperties !== false)
    return `Readonly<Record<string, ${typeOf(property.additionalProperties)}>>`;
  const members = Object.entries(property.properties).map(([key, value]) => `readonly ${key}?: ${typeOf(value)}`);
  return `{ ${members.join('; ')} }`;
}

function docComment(text) {
  return `  /** ${text.replaceAll('*/', '* /')} */\n`;
}

function interfaceText(name, schema) {
  const members = Object.entries(schema.properties).map(([key, property]) => {
    const type = isSection(property) ? `${capitalized(key)}Section` : typeOf(property);
    const optional = (schema.required ?? []).includes(key) ? '' : '?';
    return `${docComment(property.description)}  readonly ${key}${optional}: ${type};`;
  });
  return `/** ${schema.description} */\nexport interface ${name} {\n${members.join('\n')}\n}\n`;
}

/** The types of a recipe in which every default is filled in. */
function resolvedText(schema) {
  const keys = sections(schema).map(([key]) => key);
  const omitted = ['$schema', ...keys].map((key) => `'${key}'`).join(' | ');
  const members = keys.map((key) => `  readonly ${key}: Resolved${capitalized(key)};`);
  return [
    ...keys.map((key) => `export type Resolved${capitalized(key)} = Required<${capitalized(key)}Section>;`),
    '\n/** A recipe in which every default is filled in. */',
    `export interface ResolvedRecipe extends Required<Omit<Recipe, ${omitted}>> {\n${members.join('\n')}\n}\n`,
  ].join('\n');
}

function sections(schema) {
  return Object.entries(schema.properties).filter(([, property]) => isSection(property));
}

function defaultsOf(schema) {
  return Object.fromEntries(
    Object.entries(schema.properties)
      .filter(([, property]) => property.default !== undefined || isSection(property))
      .map(([key, property]) => [key, isSection(property) ? defaultsOf(property) : property.default]),
  );
}

/** TypeScript source of `src/recipe/recipe.generated.ts`, before Prettier. */
export function recipeTypes(schema) {
  const defaults = JSON.stringify(defaultsOf(schema), null, 2);
  return [
    `// ${generatedNote}\n`,
    interfaceText('Recipe', schema),
    ...sections(schema).map(([key, section]) => interfaceText(`${capitalized(key)}Section`, section)),
    resolvedText(schema),
    `/** The schema's defaults; keys whose default depends on other keys (such as name) are missing. */`,
    `export const recipeDefaults = ${defaults} as const;\n`,
  ].join('\n');
}

function valueText(value) {
  return `\`${JSON.stringify(value)}\``;
}

function rangeText(property) {
  const bounds = [
    property.minimum === undefined ? undefined : `at least ${property.minimum}`,
    property.exclusiveMinimum === undefined ? undefined : `more than ${property.exclusiveMinimum}`,
    property.maximum === undefined ? undefined : `at most ${property.maximum}`,
    property.exclusiveMaximum === undefined ? undefined : `less than ${property.exclusiveMaximum}`,
  ].filter((bound) => bound !== undefined);
  return bounds.length === 0 ? '' : `, ${bounds.join(' and ')}`;
}

function kindText(property) {
  if (property.enum !== undefined) return `one of ${property.enum.map(valueText).join(', ')}`;
  const names = { array: 'list', object: 'table', null: '`null`', integer: 'whole number', string: 'text' };
  const types = [property.type]
    .flat()
    .map((type) => (type === 'boolean' ? '`true` or `false`' : (names[type] ?? type)));
  return types.join(' or ') + rangeText(property);
}

function keyDoc(key, property, of) {
  const facts = [
    (of.required ?? []).includes(key) ? 'required' : undefined,
    kindText(property),
    property.default === undefined ? undefined : `default ${valueText(property.default)}`,
    property.examples === undefined ? undefined : `for example ${property.examples.map(valueText).join(', ')}`,
  ].filter((fact) => fact !== undefined);
  const nested = Object.entries(property.properties ?? {})
    .map(([role, value]) => `- \`${role}\`: ${value.description}`)
    .join('\n');
  return `### \`${key}\`\n\n${property.description}\n\n_${facts.join(' · ')}_\n${nested === '' ? '' : `\n${nested}\n`}`;
}

/** Markdown of `docs/recipe.md`, before Prettier. */
export function recipeReference(schema) {
  const plain = Object.entries(schema.properties).filter(([, property]) => !isSection(property));
  const starter =
    '```jsonc\n{\n  "base_model": "./models/smollm2-135m",\n  "dataset": { "path": "data/train.jsonl" },\n}\n```';
  const parts = [
    `<!-- ${generatedNote} -->\n`,
    '# The recipe\n',
    'A recipe is a file named `<something>.lora.json`. ' + schema.description + ' The shortest recipe that trains:\n',
    `${starter}\n`,
    '## At the top\n',
    ...plain.map(([key, property]) => keyDoc(key, property, schema)),
    ...sections(schema).flatMap(([name, section]) => [
      `## \`${name}\`\n`,
      `${section.description}\n`,
      ...Object.entries(section.properties).map(([key, property]) => keyDoc(key, property, section)),
    ]),
  ];
  return parts.join('\n');
}

/** Every derived file's path and content, in the project's format. */
export async function derivedFiles(root) {
  const prettier = await import('prettier');
  const schema = JSON.parse(readFileSync(path.join(root, 'schemas/lora.schema.json'), 'utf8'));
  const options = JSON.parse(readFileSync(path.join(root, '.prettierrc.json'), 'utf8'));
  const fields = JSON.parse(readFileSync(path.join(root, 'schemas/peft-fields.json'), 'utf8'));
  const texts = {
    'src/recipe/recipe.generated.ts': recipeTypes(schema),
    'docs/recipe.md': recipeReference(schema),
    'docs/peft-fields.md': peftFieldsPage(fields),
  };
  const formatted = Object.entries(texts).map(async ([file, text]) => [
    file,
    await prettier.format(text, { ...options, filepath: file }),
  ]);
  return Object.fromEntries(await Promise.all(formatted));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const [file, text] of Object.entries(await derivedFiles(root))) writeFileSync(path.join(root, file), text);
}
