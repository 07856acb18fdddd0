import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { CompletionList } from 'vscode-languageserver-types';
import { randomStream } from '../../src/random/randomStream';
import { gone } from '../alive';
import { characterTokenizer, writeJson } from '../tiny/model';
import { jsonLines } from '../tiny/recipe';
import { TestClient } from './client';
import { recipeText, writeProject } from './project';

/** Each repetition doubles the ways to match, and none of them leads to an end. */
const hostilePattern = '((a|.)+)+!';
/** Comes to an end for each row, and would take minutes for all of them. */
const slowTemplate =
  '{% for a in range(1000) %}{% for b in range(400) %}{% set c = a %}{% endfor %}{% endfor %}{{ prompt }}{{ completion }}';
/** The fifth row makes a list twice as long again and again. */
const hungryTemplate =
  "{% if '4 +' in prompt %}{% set n = namespace(x=[0]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}{% endif %}" +
  '{{ prompt }}{{ completion }}';
/** Where processes tell how long they have computed. */
const linuxOnly = { skip: process.platform === 'linux' ? false : 'reads /proc' };
/** Something that is said at once, and a place for `answers` to ask at. */
const unknownKey = '"lora": { "rank": 4 }';
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
      recipeText(unknownKey, `, "template": ${JSON.stringify(template)}`);
    await client.open(recipe, withTemplate(slowTemplate));
    await client.shows(recipe, (codes) => codes.includes('unknown-key'));
    // Its children are at the template now, or will be in a moment.
    await client.asksUntil('template-too-slow', async () => {
      await answers(client, recipe);
      return client.codes(recipe)?.includes('template-too-slow') === true;
    });
    await client.says(/took longer than (12000|4000) ms: its process was ended/);
    // The recipe goes on as if nothing had been.
    await client.change(recipe, withTemplate('{{ prompt }}{{ completion }}'));
    await client.shows(recipe, (codes) => codes.length === 1 && codes[0] === 'unknown-key');
    await client.change(recipe, recipeText());
    await readsOn(client, recipe);
    client.assertOnlyMessages();
  });

  test('the process ends with its editor all the same', linuxOnly, async (t) => {
    const { folder, recipe } = await writeProject(t);
    await spoilTokenizer(folder);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText(unknownKey));
    const children = await busyChildren(client, recipe);
    client.process.stdin?.end();
    assert.equal(await client.ended(), 1);
    await allGone(children);
  });

  test('a server that is killed leaves no child behind, though it computes', linuxOnly, async (t) => {
    const { folder, recipe } = await writeProject(t);
    await spoilTokenizer(folder);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText(unknownKey));
    const children = await busyChildren(client, recipe);
    client.process.kill('SIGKILL');
    await client.ended();
    await allGone(children);
  });
});

describe('what takes more and more memory', () => {
  test('a template is given up at the row that does it', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText(unknownKey, `, "template": ${JSON.stringify(hungryTemplate)}`));
    const [problem] = await client.shows(recipe, (codes) => codes.includes('dataset-template-endless'));
    assert.match(JSON.stringify(problem!.message), /too much memory, to write row 5/);
    await answers(client, recipe);
    await client.change(recipe, recipeText());
    await client.shows(recipe, (codes) => codes.length === 0);
    client.assertOnlyMessages();
  });

  test('a file takes its process along, and not the server', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const tokenizer = path.join(folder, 'model', 'tokenizer.json');
    const sound = await readFile(tokenizer);
    await writeFile(tokenizer, `{ "version": [${'{},'.repeat(15e6)}0] }`);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText(unknownKey));
    await client.shows(recipe, (codes) => codes.includes('unknown-key'));
    await answers(client, recipe);
    await client.shows(recipe, (codes) => codes.includes('too-large-to-check'));
    await answers(client, recipe);
    await writeFile(tokenizer, sound);
    await client.changedOnDisk(tokenizer);
    await client.shows(recipe, (codes) => codes.length === 1 && codes[0] === 'unknown-key');
    await client.change(recipe, recipeText());
    await readsOn(client, recipe);
    client.assertOnlyMessages();
  });
});

/** Hover and completion, at once. */
async function answers(client: TestClient, recipe: string): Promise<void> {
  const hover = await client.ask<{ readonly contents: { readonly value: string } }>('hover', recipe, {
    position: origin,
  });
  assert.match(hover.contents.value, /`base_model`/);
  const offered = await client.ask<CompletionList>('completion', recipe, { position: { line: 3, character: 13 } });
  assert.ok(offered.items.length > 0);
}

/** Waits until the whole dataset is counted: nothing is left of what was given up. */
async function readsOn(client: TestClient, recipe: string): Promise<void> {
  await client.asksUntil('a lens that counts the rows', async () => {
    return (await client.lenses(recipe)).some((title) => /^24 rows · .* steps$/.test(title));
  });
}

/** A tokenizer that divides texts by an expression which never comes to an end. */
async function spoilTokenizer(folder: string): Promise<void> {
  const split = { type: 'Split', pattern: { Regex: hostilePattern }, behavior: 'Isolated', invert: false };
  const tokenizer = { ...(characterTokenizer() as object), pre_tokenizer: split };
  const rows = Array.from({ length: 4 }, () => ({ prompt: 'a'.repeat(60), completion: 'b'.repeat(60) }));
  await writeJson(path.join(folder, 'model', 'tokenizer.json'), tokenizer);
  await writeFile(path.join(folder, 'data.jsonl'), jsonLines(rows));
}

/** The server's children, once one of them has computed for longer than anything sound takes here. */
async function busyChildren(client: TestClient, recipe: string): Promise<readonly number[]> {
  let children: readonly number[] = [];
  await client.asksUntil('a child that computes', async () => {
    children = client.log.flatMap((line) => /^Process (\d+) looks at recipes/.exec(line)?.[1] ?? []).map(Number);
    if (children.some((pid) => processorSeconds(pid) > 4)) return true;
    await answers(client, recipe);
    return false;
  });
  return children;
}

function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function allGone(children: readonly number[]): Promise<void> {
  assert.ok(children.length > 0);
  await gone(children);
}

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
