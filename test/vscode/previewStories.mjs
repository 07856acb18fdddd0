// Looking at the data before training.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyExample, recipeName } from './example.mjs';
import { until } from './workbench.mjs';

const recipeText = (folder) => readFileSync(path.join(folder, recipeName), 'utf8');

function withMaxLength(text, length) {
  return text.replace(/"max_length": \d+/, `"max_length": ${length}`);
}

/** Puts the cursor of the open editor behind a piece of its text. */
async function putCursorBehind(workbench, text, piece) {
  const before = text.slice(0, text.indexOf(piece) + piece.length).split('\n');
  await workbench.page.locator('.monaco-editor .view-line').first().click();
  await workbench.palette(`:${before.length}:${before.at(-1).length + 1}`);
  await workbench.page.keyboard.press('Enter');
  await workbench.status(`Ln ${before.length}, Col ${before.at(-1).length + 1}`).waitFor();
}

export const previewStories = [
  {
    name: 'look at the data before training',
    trusted: true,
    prepare(folder) {
      copyExample(folder, 10);
      mkdirSync(path.join(folder, '.vscode'));
      writeFileSync(path.join(folder, '.vscode', 'settings.json'), '{ "files.autoSave": "off" }');
    },
    async play(workbench, folder) {
      await workbench.openFile(recipeName);
      const began = performance.now();
      await workbench.page.locator('.editor-actions [aria-label^="Preview Data"]').first().click();
      const page = workbench.webview();
      await page.getByText('Rows 0–9 of').waitFor();
      const waited = performance.now() - began;
      await page.getByText('rows that are trained on').waitFor();
      await workbench.shot('preview');
      await page.getByRole('button', { name: 'Table' }).click();
      await page.locator('.token-table').first().waitFor();
      await workbench.shot('table');
      await page.getByRole('button', { name: 'Text', exact: true }).click();

      await page.getByLabel('Go to row').fill('14');
      await page.getByLabel('Go to row').press('Enter');
      await page.locator('article[aria-labelledby="row-14"]:focus').waitFor();
      writeFileSync(path.join(folder, recipeName), withMaxLength(recipeText(folder), 9));
      await page.getByText('✂ max_length 9').first().waitFor();
      await workbench.shot('cut');

      await putCursorBehind(workbench, recipeText(folder), '"max_length": 9');
      await workbench.page.keyboard.press('Backspace');
      await workbench.page.keyboard.type('7');
      await page.getByText('✂ max_length 7').first().waitFor();
      assert.match(recipeText(folder), /"max_length": 9/, 'nothing was saved');
      await workbench.shot('unsaved');
      await workbench.command('File: Revert File');
      await page.getByText('✂ max_length 9').first().waitFor();

      const right = recipeText(folder);
      const wrong = right.replace('"path"', '"columns": { "prompt": "question" }, "path"');
      writeFileSync(path.join(folder, recipeName), wrong);
      await page.getByText('the rows have no such column').waitFor();
      await workbench.shot('wrong-column');
      writeFileSync(path.join(folder, recipeName), right);
      await page.getByRole('alert').waitFor({ state: 'hidden' });

      await page.getByRole('button', { name: 'Open line 15, row 14' }).click();
      await workbench.page.locator('.tab', { hasText: 'data.jsonl' }).first().waitFor();
      await workbench.atLine(15);
      await workbench.shot('line');

      await workbench.command('Developer: Reload Window');
      await page.getByText('Rows 10–19 of').waitFor();
      await workbench.shot('reloaded');
      return `from the click to the first rows ${(waited / 1000).toFixed(1)} s`;
    },
  },
  {
    name: 'look at data that teaches nothing, from the sidebar',
    trusted: true,
    prepare(folder) {
      copyExample(folder, 10);
      const rows = Array.from({ length: 40 }, (_, at) => ({
        prompt: `${at},`.repeat(at % 4 === 0 ? 90 : 2),
        completion: ' 1,',
      }));
      writeFileSync(path.join(folder, 'data.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    },
    async play(workbench) {
      await workbench.sidebar();
      await workbench.menu(workbench.line('count-by-ten'), 'Preview Data');
      const page = workbench.webview();
      await page.getByText('of the rows teach nothing').waitFor();
      await page.getByRole('button', { name: 'Next with nothing learnt' }).click();
      await until(
        () => page.locator('article:focus').count(),
        (count) => count === 1,
        'a row is found',
      );
      await workbench.shot('nothing-learnt');
    },
  },
];

export const restrictedPreview = {
  name: 'no data is shown',
  trusted: false,
  prepare: (folder) => copyExample(folder, 10),
  async play(workbench) {
    await workbench.openFile(recipeName);
    await workbench.command('LoRA: Preview Data');
    const page = workbench.webview();
    await page.getByText('This window is in Restricted Mode').waitFor();
    await page.getByRole('button', { name: 'Manage Trust' }).waitFor();
    assert.equal(await page.locator('article').count(), 0);
    await workbench.shot('restricted');
  },
};
