import recipeSchemaFile from '../../schemas/lora.schema.json';

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

/** Where in a recipe a value lies, such as `['lora', 'target_modules', 1]`. */
export type JsonPath = readonly (string | number)[];

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** The part of JSON Schema draft-07 that the recipe's schema uses. */
export interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly type: JsonType | readonly JsonType[];
  readonly enum?: readonly JsonValue[];
  readonly default?: JsonValue;
  readonly examples?: readonly JsonValue[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  /** What `pattern` asks for, in words; editors know this key too. */
  readonly patternErrorMessage?: string;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: false | Schema;
}

/** The single source of truth for keys, types, defaults and descriptions. */
export const recipeSchema = recipeSchemaFile as unknown as Schema;

export function typesOf(schema: Schema): readonly JsonType[] {
  return typeof schema.type === 'string' ? [schema.type] : schema.type;
}

/** The schema of one key of an object, or undefined when the object does not know the key. */
export function propertySchema(schema: Schema, key: string): Schema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return schema.additionalProperties === false ? undefined : schema.additionalProperties;
}

/** An object whose keys the user chooses, such as `rank_pattern`. */
export function hasFreeKeys(schema: Schema): boolean {
  return typeof schema.additionalProperties === 'object';
}

/**
 * The schema and the JSON path of a dotted key such as `lora.target_modules[1]` or `lora.rank_pattern.layers.0.q_proj`
 * (in an object with free keys the rest is one key); undefined when the schema has no such key.
 */
export function schemaAt(dotted: string): { schema: Schema; path: readonly (string | number)[] } | undefined {
  let schema = recipeSchema;
  const path: (string | number)[] = [];
  let rest = dotted;
  while (rest !== '') {
    const step = nextStep(schema, rest);
    if (step === undefined) return undefined;
    path.push(step.segment);
    schema = step.schema;
    rest = step.rest;
  }
  return path.length === 0 ? undefined : { schema, path };
}

function nextStep(
  schema: Schema,
  dotted: string,
): { segment: string | number; schema: Schema; rest: string } | undefined {
  const index = /^\[(\d+)\]\.?/.exec(dotted);
  if (index !== null) {
    const items = schema.items;
    return items && { segment: Number(index[1]), schema: items, rest: dotted.slice(index[0].length) };
  }
  const segment = hasFreeKeys(schema) ? dotted : (/^[^.[]+/.exec(dotted)?.[0] ?? '');
  const next = segment === '' ? undefined : propertySchema(schema, segment);
  return next && { segment, schema: next, rest: dotted.slice(segment.length).replace(/^\./, '') };
}

/** `lora.target_modules[1]` from `['lora', 'target_modules', 1]`. */
export function dottedPath(path: readonly (string | number)[]): string {
  return path.reduce<string>((dotted, segment) => {
    if (typeof segment === 'number') return `${dotted}[${segment}]`;
    return dotted === '' ? segment : `${dotted}.${segment}`;
  }, '');
}
