import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CompletionList } from 'vscode-languageserver-types';
import { randomStream } from '../../src/random/randomStream';
import { TestClient } from './client';
import { recipeText, writeProject } from './project';

/** Each repetition doubles the ways to match, and none of them leads to an end. */
const hostilePattern = '((a|.)+)+!';
const loops = Array.from({ length: 6 }, () => '{% for i in range(1000) %}').join('');
const ends = Array.from({ length: 6 }, () => '{% endfor %}').join('');
/** Comes to an end for the first row, which is tried with a limit, and not for the second. */
const hostileTemplate = `{% if '1 +' in prompt %}${loops}${ends}{% endif %}{{ prompt }}{{ completion }}`;
const origin = { line: 1, character: 5 };

describe('what never comes to an end', () => {
  test('a pattern is given up and named', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText(`"lora": { "target_modules": ${JSON.stringify(hostilePattern)} }`));
    await client.shows(recipe, (codes) => codes.includes('pattern-too-slow'));
    await client.change(recipe, recipeText('"lora": { "target_modules": ".*q_proj" }'));
    await client.shows(recipe, (codes) => codes.length === 0);
  });

  test('a template is given up and named, and nothing waits for it meanwhile', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder], timeLimit: 12_000 });
    const withTemplate = (template: string): string =>
      recipeText('"lora": { "rank": 4 }', `, "template": ${JSON.stringify(template)}`);
    await client.open(recipe, withTemplate(hostileTemplate));
    await client.shows(recipe, (codes) => codes.includes('unknown-key'));
    // Its threads are at the template now, or will be in a moment.
    const answers = async (): Promise<void> => {
      const hover = await client.ask<{ readonly contents: { readonly value: string } }>('hover', recipe, {
        position: origin,
      });
      assert.match(hover.contents.value, /`base_model`/);
      const offered = await client.ask<CompletionList>('completion', recipe, { position: { line: 3, character: 13 } });
      assert.ok(offered.items.length > 0);
    };
    while (client.codes(recipe)?.includes('template-too-slow') !== true) await answers();
    await client.says(/took longer than (12000|4000) ms: its thread was ended/);
    // The recipe goes on as if nothing had been.
    await client.change(recipe, withTemplate('{{ prompt }}{{ completion }}'));
    await client.shows(recipe, (codes) => codes.length === 1 && codes[0] === 'unknown-key');
    await client.change(recipe, recipeText());
    for (;;) if ((await client.lenses(recipe)).some((title) => /^24 rows · .* steps$/.test(title))) break;
    client.assertOnlyMessages();
  });

  test('the process ends with its editor all the same', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText('', `, "template": ${JSON.stringify(hostileTemplate)}`));
    await client.shows(recipe, () => true);
    client.process.stdin?.end();
    assert.equal(await client.ended(), 1);
  });
});

describe('what is broken', () => {
  const text = recipeText(
    '// why\n  "lora": { "r": 8, "target_modules": ["q_proj", "v_proj"], "rank_pattern": { "k": 4 } }',
  );
  const rest = ['codeLens', 'inlayHint', 'documentLink', 'documentSymbol', 'foldingRange'];
  const options = { tabSize: 2, insertSpaces: true };

  async function askAll(client: TestClient, uri: string, position: typeof origin): Promise<void> {
    const range = { start: position, end: position };
    await Promise.all([
      client.ask('completion', uri, { position }),
      client.ask('hover', uri, { position }),
      client.ask('codeAction', uri, { range, context: { diagnostics: [] } }),
      client.ask('formatting', uri, { options }),
      ...rest.map((method) => client.ask(method, uri, { range })),
    ]);
  }

  test('mutants of a recipe: every question is answered', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, text);
    const random = randomStream(7);
    const below = (limit: number): number => Math.floor(random.uniform() * limit);
    const bytes = '{}[]":,/*\\\n\u0000\u2028\ud800x0-';
    for (let mutant = 0; mutant < 200; mutant++) {
      let mutated = text;
      for (let change = 0; change <= below(4); change++) {
        const at = below(mutated.length);
        const byte = bytes[below(bytes.length)]!;
        mutated = mutated.slice(0, at) + (below(2) === 0 ? byte : '') + mutated.slice(at + below(3));
      }
      await client.change(recipe, mutated);
      await askAll(client, recipe, { line: below(8), character: below(40) });
    }
    await client.change(recipe, text);
    await client.shows(recipe, (codes) => codes.length === 0 || codes.every((code) => code !== 'recipe-syntax'));
  });

  for (const [what, broken] of [
    ['nothing', ''],
    ['no object', '"base_model"'],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['objects in objects', '{"lora":'.repeat(3000)],
    ['lists in lists', `{ "lora": ${'['.repeat(1500)}${']'.repeat(1500)} }`],
    ['a megabyte of text', `{ "base_model": "${'x'.repeat(1e6)}", "dataset": { "path": "${'/'.repeat(1e5)}" } }`],
    ['keys of everyone', '{ "__proto__": { "toString": 1 }, "constructor": [], "lora": { "hasOwnProperty": null } }'],
    ['a zero in a path', '{ "base_model": "a\\u0000b", "dataset": { "path": "c\\u0000d" }, "output": "\\u0000" }'],
  ] as const) {
    test(`${what}: every question is answered`, async (t) => {
      const { folder, recipe } = await writeProject(t);
      const client = await TestClient.start(t, { folders: [folder] });
      await client.open(recipe, broken);
      await askAll(client, recipe, { line: 0, character: 10 });
      await client.shows(recipe, (codes) => codes.length > 0);
      await client.change(recipe, recipeText());
      await client.shows(recipe, (codes) => codes.length === 0);
    });
  }
});
