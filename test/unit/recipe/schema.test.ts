import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, test } from 'node:test';
import { nearest } from '../../../src/recipe/nearest';
import { recipeSchema, schemaAt, typesOf, type JsonValue, type Schema } from '../../../src/recipe/schema';

function* keysOf(schema: Schema, at = ''): Generator<[string, Schema]> {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    yield [`${at}${key}`, inner];
    yield* keysOf(inner, `${at}${key}.`);
  }
}

function typeOfValue(value: JsonValue): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function fits(value: JsonValue, schema: Schema): boolean {
  const types: readonly string[] = typesOf(schema).map((type) => (type === 'integer' ? 'number' : type));
  return types.includes(typeOfValue(value)) && (schema.enum === undefined || schema.enum.includes(value));
}

describe('the schema', () => {
  test('is what types, defaults and docs/recipe.md were derived from (else run node scripts/recipeTypes.mjs)', async () => {
    const root = process.cwd();
    const script = pathToFileURL(path.join(root, 'scripts/recipeTypes.mjs')).href;
    const { derivedFiles } = (await import(script)) as {
      derivedFiles: (root: string) => Promise<Readonly<Record<string, string>>>;
    };
    for (const [file, text] of Object.entries(await derivedFiles(root))) {
      assert.equal(readFileSync(path.join(root, file), 'utf8'), text, `${file} differs from the schema`);
    }
  });

  for (const [key, schema] of keysOf(recipeSchema)) {
    test(`${key} is described, and its default and examples are allowed`, () => {
      assert.match(schema.description ?? '', /^\S.*\.$/s);
      for (const value of [...(schema.default === undefined ? [] : [schema.default]), ...(schema.examples ?? [])]) {
        assert.ok(fits(value, schema), JSON.stringify(value));
      }
      assert.deepEqual(schemaAt(key)?.schema, schema);
    });
  }
});

describe('nearest', () => {
  const words = ['r', 'lora_alpha', 'lora_dropout', 'target_modules', 'learning_rate'];
  for (const [word, meant] of [
    ['target_module', 'target_modules'],
    ['targetModules', 'target_modules'],
    ['learning-rate', 'learning_rate'],
    ['laerning_rate', 'learning_rate'],
    ['lora_aplha', 'lora_alpha'],
    ['optimizer', undefined],
    ['x', undefined],
    ['', undefined],
  ] as const) {
    test(`${word} means ${String(meant)}`, () => assert.equal(nearest(word, words), meant));
  }
});
