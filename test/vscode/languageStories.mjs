// What a person who writes a recipe for the first time meets in the editor.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyExample, copyMistyped, recipeName, runs } from './example.mjs';
import { persist, until } from './workbench.mjs';

const suggestion = (page, text) => page.locator('.suggest-widget.visible .monaco-list-row', { hasText: text }).first();
const lens = (page, text) => page.locator('.codelens-decoration', { hasText: text }).first();

/** The text that the editor shows. */
async function shownText(page) {
  const lines = await page.locator('.editor-instance .view-line').allTextContents();
  return lines.join('\n').replaceAll('\u00a0', ' ');
}

/** Writes over a word. */
async function overwrite(workbench, word, text) {
  // Lenses that come meanwhile move the lines: what was hit is told by the status bar.
  await persist(`"${word}" is selected`, async () => {
    await workbench.word(word).dblclick();
    await workbench.status(`(${word.length} selected)`).waitFor({ timeout: 3000 });
  });
  await workbench.page.keyboard.type(text);
}

export const languageStories = [
  {
    name: 'a first recipe is written from an empty file',
    trusted: true,
    prepare(folder) {
      copyExample(folder, 10);
      rmSync(path.join(folder, recipeName));
      writeFileSync(path.join(folder, 'first.lora.json'), '');
    },
    async play(workbench) {
      const { page } = workbench;
      await workbench.openFile('first.lora.json');
      await page.locator('.editor-instance .view-lines').first().click();
      // The server may be starting still.
      await persist('whole recipes are offered', async () => {
        await page.keyboard.press('Escape');
        await page.keyboard.press('Control+Space');
        await suggestion(page, 'Recipe: answer questions').waitFor({ timeout: 3000 });
      });
      await workbench.shot('snippets');
      await suggestion(page, 'Recipe: answer questions').click();
      await until(
        () => shownText(page),
        (text) => /"\.\/model"/.test(text) && /"\.\/data\.jsonl"/.test(text),
        'what lies here is in the recipe',
      );
      await page.keyboard.press('Escape');
      await lens(page, 'trainable parameters').waitFor();
      await lens(page, 'memory about').waitFor();
      await workbench.shot('written');

      await overwrite(workbench, 'lora_alpha', 'lora_alpa');
      await page.keyboard.press('Escape');
      await overwrite(workbench, 'learning_rate', 'lr');
      await page.keyboard.press('Escape');
      await page.locator('.squiggly-error').nth(1).waitFor();
      await workbench.shot('mistyped');
      await workbench.command('Fix All');
      await until(
        () => shownText(page),
        (text) => /"lora_alpha"/.test(text) && /"learning_rate"/.test(text),
        'both keys are repaired',
      );

      await workbench.hover('r"');
      await page.locator('.monaco-hover', { hasText: 'trainable parameters' }).first().waitFor();
      await workbench.shot('rank');
      const before = await lens(page, 'trainable parameters').textContent();
      await overwrite(workbench, '8', '32');
      await page.keyboard.press('Escape');
      await until(
        () => lens(page, 'trainable parameters').textContent(),
        (text) => text !== before,
        'the costs change',
      );
      await workbench.shot('changed-rank');

      await overwrite(workbench, 'base_model', 'base_model');
      await page.keyboard.press('Home');
      await page.keyboard.type('        ');
      await workbench.command('Format Document');
      await until(
        () => shownText(page),
        (text) => /^ {2}"base_model"/m.test(text),
        'the line is back in its place',
      );
      await page.keyboard.press('Control+/');
      await until(
        () => shownText(page),
        (text) => /^ *\/\/ "base_model"/m.test(text),
        'the line is a comment',
      );
      await page.keyboard.press('Control+/');
      await workbench.palette('@');
      await page.locator('.quick-input-list .monaco-list-row', { hasText: 'target_modules' }).first().waitFor();
      await workbench.shot('outline');
      await page.keyboard.press('Escape');
      await workbench.command('Fold All');
      await until(
        () => shownText(page),
        (text) => !text.includes('base_model'),
        'the recipe is folded',
      );
    },
  },
  {
    name: 'the dataset is checked where it lies, and followed where it goes',
    trusted: true,
    prepare(folder) {
      copyExample(folder, 10);
      const recipe = path.join(folder, recipeName);
      const columns = '"path": "data.jsonl", "columns": { "prompt": "question" },';
      writeFileSync(recipe, readFileSync(recipe, 'utf8').replace('"path": "data.jsonl",', columns));
      const rows = readFileSync(path.join(folder, 'data.jsonl'), 'utf8').split('\n');
      rows[2] = '{"prompt": "3,", "completion": 13}';
      writeFileSync(path.join(folder, 'data.jsonl'), rows.join('\n'));
      mkdirSync(path.join(folder, 'rows'));
    },
    async play(workbench, folder) {
      const { page } = workbench;
      await workbench.openFile(recipeName);
      await page.locator('.squiggly-error').first().waitFor();
      await workbench.fix('question', '"prompt"', async (entry) => {
        await workbench.shot('columns');
        await entry.click({ timeout: 5000 });
      });
      await until(
        () => shownText(page),
        (text) => /"prompt": "prompt"/.test(text),
        'the column is repaired',
      );
      await page.keyboard.press('Control+s');

      await workbench.openFile('data.jsonl');
      await page.locator('.squiggly-error').first().waitFor();
      const row = page.locator('.editor-instance .view-line', { hasText: '13}' }).first();
      await row.hover({ position: { x: 60, y: 9 } });
      await page.locator('.monaco-hover', { hasText: 'dataset-row-invalid' }).first().waitFor();
      await workbench.shot('row');

      const data = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'data.jsonl' }).first();
      await data.click();
      await page.keyboard.press('F2');
      const name = page.locator('.explorer-folders-view input').first();
      await name.fill('rows/train.jsonl');
      await name.press('Enter');
      // VS Code asks before an extension changes other files along.
      await page.locator('.monaco-dialog-box').getByRole('button', { name: 'OK' }).click();
      await until(() => existsSync(path.join(folder, 'rows', 'train.jsonl')), Boolean, 'the dataset is moved');
      await workbench.openFile(recipeName);
      await until(
        () => shownText(page),
        (text) => /"path": "rows\/train\.jsonl"/.test(text),
        'the recipe follows',
      );
      await lens(page, ' rows').waitFor();
      await workbench.shot('moved');
    },
  },
];

export const restrictedRecipe = {
  name: 'a recipe is checked all the same',
  trusted: false,
  prepare: copyMistyped,
  async play(workbench, folder) {
    const { page } = workbench;
    await workbench.openFile(recipeName);
    await page.locator('.squiggly-error').first().waitFor();
    await workbench.hover('v_prj');
    await page.locator('.monaco-hover', { hasText: 'matches no layer' }).first().waitFor();
    await workbench.fix('v_prj', 'Write "v_proj"', (entry) => entry.click({ timeout: 5000 }));
    await lens(page, 'memory about').waitFor();
    await workbench.shot('checked');
    assert.deepEqual(runs(folder), []);
  },
};
