import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { convertToRecipe } from '../../../src/recipe/convert/convert';
import { toolNames } from '../../../src/recipe/convert/conversion';

const page = 'docs/convert.md';

/** Settings and the recipe below them, under each heading. */
const examples = [
  ...readFileSync(page, 'utf8').matchAll(/```(json|yaml|sh|python)\n([^`]*)```\n\n```jsonc\n([^]*?)```/g),
];

describe(page, () => {
  test('has an example of every tool', () => {
    const tools = examples.map(([, , settings]) => convertToRecipe(settings!, { readIn: 'command line' }).tool);
    assert.deepEqual(tools.sort(), Object.keys(toolNames).sort());
  });

  for (const [, , settings, recipe] of examples) {
    const { recipe: made, tool } = convertToRecipe(settings!, { readIn: 'command line' });
    test(`shows what becomes of the settings: ${tool}`, () => assert.equal(recipe, made));
  }
});
