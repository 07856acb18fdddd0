import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Diagnostic } from 'vscode-languageserver-types';
import { jsonLines, tinyRows } from '../tiny/recipe';
import { TestClient, uriOf, workspaceFolders } from './client';
import { recipeText, writeProject } from './project';

const has =
  (code: string) =>
  (codes: readonly string[]): boolean =>
    codes.includes(code);
const lacks =
  (code: string) =>
  (codes: readonly string[]): boolean =>
    !codes.includes(code);
const nothing = (codes: readonly string[]): boolean => codes.length === 0;
const badRow = '{"prompt": "2 + 2 =", "completion": 4}\n';

describe('problems are pushed', () => {
  test('as the text changes, and again when more is known', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText('"lora": { "rank": 4 }'));
    await client.shows(recipe, has('unknown-key'));
    // What only the model can tell comes after what the text tells.
    await client.change(recipe, recipeText('"lora": { "r": 4, "target_modules": ["q_prj"] }'));
    await client.shows(recipe, (codes) => has('target-not-found')(codes) && lacks('unknown-key')(codes));
    await client.change(recipe, recipeText('"lora": { "r": 4, "target_modules": ["q_proj"] }'));
    await client.shows(recipe, nothing);
  });

  test('with the page that explains them, and a code to look for', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, '{ "base_model": "./modell", "dataset": { "path": "data.jsonl" } }');
    const [problem] = await client.shows(recipe, has('model-missing'));
    assert.match(String(problem?.codeDescription?.href), /\/docs\/checks\/model-missing\.md$/);
  });

  test('of the rows, as tokens tell them', async (t) => {
    const { folder, recipe, data } = await writeProject(t);
    await writeFile(data, jsonLines(tinyRows().map(({ prompt }) => ({ prompt: prompt.repeat(20), completion: '1' }))));
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText('', ', "max_length": 16'));
    await client.shows(recipe, has('dataset-all-masked'));
  });

  test('and taken back when the recipe is closed', async (t) => {
    const { folder, recipe, data } = await writeProject(t);
    await writeFile(data, jsonLines(tinyRows()) + badRow);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText('"lora": { "rank": 4 }'));
    await client.shows(recipe, has('unknown-key'));
    await client.shows(uriOf(data), has('dataset-row-invalid'));
    await client.close(recipe);
    await client.shows(recipe, nothing);
    await client.shows(uriOf(data), nothing);
  });
});

describe('files change beside the recipe', () => {
  for (const [how, tell] of [
    ['the editor watches them', (client: TestClient, data: string) => client.changedOnDisk(data)],
    [
      'a recipe is saved',
      (client: TestClient, _data: string, recipe: string) =>
        client.notify('textDocument/didSave', { textDocument: { uri: recipe } }),
    ],
  ] as const) {
    test(`a row of the dataset is broken and repaired: ${how}`, async (t) => {
      const { folder, recipe, data } = await writeProject(t);
      const client = await TestClient.start(t, { folders: [folder] });
      await client.open(recipe, recipeText());
      await client.shows(recipe, nothing);
      await writeFile(data, jsonLines(tinyRows()) + badRow);
      await tell(client, data, recipe);
      const [problem] = await client.shows(uriOf(data), has('dataset-row-invalid'));
      assert.equal(problem?.range.start.line, tinyRows().length);
      await writeFile(data, jsonLines(tinyRows(30)));
      await tell(client, data, recipe);
      await client.shows(uriOf(data), nothing);
      await untilLens(client, recipe, /^30 rows · /);
    });
  }

  test('what they cost is worked out anew', async (t) => {
    const { folder, recipe, data } = await writeProject(t);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText('', ', "packing": false'));
    await untilLens(client, recipe, /^24 rows · .* · 18 steps$/);
    await writeFile(data, jsonLines(tinyRows(240)));
    await client.changedOnDisk(data);
    await untilLens(client, recipe, /^240 rows · .* · 171 steps$/);
  });

  test('a model that comes later', async (t) => {
    const { folder, recipe } = await writeProject(t);
    const [model, away] = [path.join(folder, 'model'), path.join(folder, 'elsewhere')];
    await rename(model, away);
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText());
    await client.shows(recipe, has('model-missing'));
    await rename(away, model);
    await client.changedOnDisk(path.join(model, 'config.json'));
    await client.shows(recipe, nothing);
    await untilLens(client, recipe, /trainable parameters/);
  });

  test('two recipes name one dataset: each of its problems is shown once, as long as one of them is open', async (t) => {
    const { folder, recipe, data } = await writeProject(t);
    await writeFile(data, jsonLines(tinyRows()) + badRow);
    const other = uriOf(path.join(folder, 'other.lora.json'));
    const client = await TestClient.start(t, { folders: [folder] });
    await client.open(recipe, recipeText());
    await client.open(other, recipeText());
    const recipesOf = ([problem]: readonly Diagnostic[]): readonly string[] =>
      (problem?.relatedInformation ?? []).map(({ location }) => location.uri).sort();
    await client.until(
      () => recipesOf(client.diagnostics(uriOf(data))).length === 2,
      () => `the dataset shows ${JSON.stringify(client.diagnostics(uriOf(data)))}`,
    );
    assert.deepEqual(recipesOf(client.diagnostics(uriOf(data))), [recipe, other].sort());
    await client.close(recipe);
    await client.shows(recipe, nothing);
    assert.deepEqual(client.codes(uriOf(data)), ['dataset-row-invalid']);
    await client.close(other);
    await client.shows(uriOf(data), nothing);
  });
});

describe('where a recipe lies', () => {
  for (const [uri, lens] of [
    ['untitled:Untitled-1', /^Save this recipe/],
    ['vscode-vfs://github/someone/something/a.lora.json', /lies on no disk/],
  ] as const) {
    test(`${uri}: its text is checked, and the lens says why no more`, async (t) => {
      const client = await TestClient.start(t, { folders: [] });
      await client.open(uri, recipeText('"lora": { "rank": 4 }'));
      await client.shows(uri, has('unknown-key'));
      const [title, ...others] = await client.lenses(uri);
      assert.match(String(title), lens);
      assert.deepEqual(others, []);
      const position = { line: 3, character: 3 };
      assert.ok((await client.offers(uri, position)).length > 0);
    });
  }

  test('in one of several folders: what lies in all of them is offered, also in those added later', async (t) => {
    const [first, second, third] = [await writeProject(t), await writeProject(t), await writeProject(t)];
    const client = await TestClient.start(t, { folders: [first.folder, second.folder] });
    const text = '{ "base_model": "" }';
    const position = { line: 0, character: text.indexOf('""') + 1 };
    const models = async (): Promise<readonly string[]> => {
      const items = await client.offers(first.recipe, position);
      return items.map(({ label }) => label).filter((label) => label.endsWith('model'));
    };
    const named = ({ folder }: { readonly folder: string }): string => `../${path.basename(folder)}/model`;
    await client.open(first.recipe, text);
    assert.deepEqual([...(await models())].sort(), [named(second), './model'].sort());
    client.folders = [...client.folders, third.folder];
    const event = { added: workspaceFolders([third.folder]), removed: [] };
    await client.notify('workspace/didChangeWorkspaceFolders', { event });
    await until(models, (found) => found.includes(named(third)));
  });
});

async function untilLens(client: TestClient, recipe: string, pattern: RegExp): Promise<void> {
  await until(
    () => client.lenses(recipe),
    (titles) => titles.some((title) => pattern.test(title)),
  );
}

/** Asks until the answer is the wanted one: answers change as more becomes known. */
async function until<Answer>(ask: () => Promise<Answer>, isWanted: (answer: Answer) => boolean): Promise<void> {
  let last: Answer | undefined;
  for (const end = performance.now() + 120_000; performance.now() < end;) {
    last = await ask();
    if (isWanted(last)) return;
  }
  assert.fail(`still ${JSON.stringify(last)}`);
}
