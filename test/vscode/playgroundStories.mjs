// Trying adapters after training.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { flaws } from './accessStories.mjs';
import { copyExample, recipeName } from './example.mjs';
import { persist, until } from './workbench.mjs';

const prompt = (page) => page.getByLabel('Prompt', { exact: true });

async function write(workbench, page, text) {
  await prompt(page).fill(text);
  await prompt(page).press('Control+Enter');
  await page.getByText('texts are written.').waitFor();
}

/** The example, with no dashboard beside the playground. */
function prepare(folder, steps) {
  copyExample(folder, steps);
  mkdirSync(path.join(folder, '.vscode'));
  writeFileSync(path.join(folder, '.vscode', 'settings.json'), '{ "lora.training.openDashboard": false }');
}

async function train(workbench) {
  await workbench.openFile(recipeName);
  await workbench.command('LoRA: Train Adapter');
  await workbench.toast('is trained').waitFor();
}

export const playgroundStories = [
  {
    name: 'try an adapter in the playground at the end of a run',
    trusted: true,
    prepare: (folder) => prepare(folder, 150),
    async play(workbench, folder) {
      await workbench.openFile(recipeName);
      await workbench.command('LoRA: Train Adapter');
      const done = workbench.toast('is trained');
      await done.waitFor();
      await workbench.press(done, 'Try It');
      const page = workbench.webview();
      await page.getByRole('heading', { name: 'count-by-ten', exact: true }).waitFor();
      await workbench.shot('open');
      await write(workbench, page, '9,');
      await until(
        () => page.locator('.output').allTextContents(),
        ([base, adapter]) => /^ 10, 11, 12/.test(base) && /^ 19, 29, 39/.test(adapter),
        'the base model counts, and the adapter counts in tens',
      );
      await page.getByText('Differs from the first column from token 1 on.').waitFor();
      await page.getByRole('button', { name: 'Go there' }).click();
      await page.getByText(/^Token 1: “ 19” /).waitFor();
      await workbench.shot('written');
      assert.deepEqual(await flaws(workbench), []);

      await page.getByLabel('Weight of count-by-ten').fill('0');
      await write(workbench, page, '9,');
      await page.getByText('The same as in the first column.').waitFor();
      await workbench.shot('without-weight');

      await page.getByRole('button', { name: 'Add to prompt set' }).click();
      await page.locator('.prompt-set > summary').click();
      await page.getByRole('button', { name: 'Write all' }).click();
      await page
        .locator('.set-text')
        .first()
        .getByText(/^ 10, 11/)
        .waitFor();
      const file = path.join(folder, '.lora', 'prompts.json');
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { prompts: ['9,'] });
      await workbench.shot('prompt-set');

      await workbench.command('Developer: Reload Window');
      await page.getByRole('heading', { name: 'count-by-ten × 0', exact: true }).waitFor();
      assert.equal(await prompt(page).inputValue(), '9,');
      await workbench.shot('reloaded');
    },
  },
  {
    name: 'compare two adapters of the sidebar in the playground',
    trusted: true,
    prepare: (folder) => prepare(folder, 60),
    async play(workbench, folder) {
      await train(workbench);
      const adapters = path.join(folder, 'adapters');
      cpSync(path.join(adapters, 'count-by-ten'), path.join(adapters, 'second'), { recursive: true });
      await workbench.command('View: Close All Editors');
      await workbench.sidebar();
      const lines = workbench.page.locator('.pane-body .monaco-list-row', { hasText: 'on model · r 2' });
      await lines.nth(1).waitFor();
      const entry = (name) => workbench.page.locator('.monaco-menu .action-label', { hasText: name });
      // Not by the bench's own way to a menu: its Escape would take the selection back.
      await persist('the menu of two adapters', async () => {
        await workbench.page.keyboard.press('Escape');
        await lines.nth(0).click({ timeout: 5000 });
        await lines.nth(1).click({ modifiers: ['ControlOrMeta'], timeout: 5000 });
        await lines.nth(1).click({ button: 'right', timeout: 5000 });
        await entry('Compare Adapters').first().waitFor({ timeout: 5000 });
        await workbench.shot('menu');
        assert.equal(await entry('Delete').count(), 0, 'what is for one adapter is not offered for two');
        await entry('Compare Adapters').first().click({ timeout: 5000 });
      });
      const page = workbench.webview();
      await page.getByRole('heading', { name: 'second', exact: true }).waitFor();
      await page.getByRole('columnheader', { name: 'second' }).first().waitFor();
      assert.equal(await page.locator('.column').count(), 3);
      await workbench.shot('compared');
      await write(workbench, page, '4,');
      const [, first, second] = await page.locator('.output').allTextContents();
      assert.equal(second, first);
      await workbench.shot('written');
    },
  },
];

export const restrictedPlayground = {
  name: 'the playground tries no model',
  trusted: false,
  prepare(folder) {
    copyExample(folder, 10);
  },
  async play(workbench) {
    await workbench.command('LoRA: Open Playground');
    await workbench.pick('model');
    const page = workbench.webview();
    await page.getByText('This window is in Restricted Mode').waitFor();
    await page.getByRole('button', { name: 'Manage Trust' }).waitFor();
    assert.equal(await prompt(page).isVisible(), false);
    await workbench.shot('restricted');
  },
};
