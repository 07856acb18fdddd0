// Who uses the extension without a mouse, with a screen reader, or in high contrast; and what an adapter is shown as.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chooseTheme, copyExample, endless, recipeName, stepOf } from './example.mjs';
import { persist, until } from './workbench.mjs';

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** What axe-core finds wrong in the page as VS Code shows it, with the elements. */
export async function flaws(workbench) {
  const body = await workbench.dashboard().locator('body').elementHandle();
  const frame = await body.ownerFrame();
  await frame.evaluate(axe);
  return frame.evaluate(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => id + ': ' + node.html.slice(0, 160) + ' ' + node.any.map(({ message }) => message).join(' '))))`);
}

/** By what a setting calls them; pages are told the kind. */
const themes = {
  'Default Dark Modern': 'vscode-dark',
  'Default Light Modern': 'vscode-light',
  'Default High Contrast': 'vscode-high-contrast',
  'Default High Contrast Light': 'vscode-high-contrast-light',
};

/** Tab until the page's focus is on what has this text or label; gives how often it took. */
async function tabTo(workbench, name) {
  const focused = `(() => { const at = document.activeElement;
    return at === null ? '' : (at.getAttribute('aria-label') ?? at.textContent); })()`;
  const body = await workbench.dashboard().locator('body').elementHandle();
  const frame = await body.ownerFrame();
  for (let presses = 1; presses <= 60; presses++) {
    await workbench.page.keyboard.press('Tab');
    if (String(await frame.evaluate(focused)).trim() === name) return presses;
  }
  throw new Error(`The Tab key does not come to "${name}"`);
}

async function chooseTask(workbench, name) {
  // VS Code forgets about the question while it still starts what knows the tasks.
  await persist(`the task "${name}"`, async () => {
    await workbench.command('Tasks: Run Task');
    // Not a task that was run before.
    const type = workbench.page.locator('.quick-input-list .label-name', { hasText: /^\s*lora\s*$/ }).first();
    await type.click({ timeout: 10_000 });
    await workbench.entry(name).waitFor({ timeout: 10_000 });
  });
  await workbench.shot('tasks');
  await workbench.pick(name);
}

export const accessStories = [
  {
    name: 'axe finds no flaw in the dashboard, in light, dark and high contrast',
    trusted: true,
    prepare: (folder) => copyExample(folder, 150),
    async play(workbench, folder) {
      await workbench.openFile(recipeName);
      await workbench.command('LoRA: Train Adapter');
      const dashboard = workbench.dashboard();
      await dashboard.getByRole('status').getByText('Finished', { exact: true }).waitFor();
      await dashboard.locator('details.card > summary').click();
      for (const [theme, kind] of Object.entries(themes)) {
        chooseTheme(folder, theme);
        // One would cover what is looked at.
        await workbench.command('Notifications: Clear All Notifications');
        await dashboard.locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor();
        assert.deepEqual(await flaws(workbench), [], theme);
        await dashboard.getByRole('heading', { name: 'What the adapter changed' }).scrollIntoViewIfNeeded();
        await workbench.shot(`dashboard ${theme}`);
        await dashboard.locator('#comparison-title').scrollIntoViewIfNeeded();
        await workbench.shot(`comparison ${theme}`);
      }
    },
  },
  {
    name: 'everything is done with the keyboard alone',
    trusted: true,
    prepare: (folder) => copyExample(folder, endless),
    async play(workbench) {
      const { keyboard } = workbench.page;
      const dashboard = workbench.dashboard();
      const status = (word) => dashboard.getByRole('status').getByText(word, { exact: true }).waitFor();
      await workbench.chooseByKeys(recipeName);
      await workbench.chooseByKeys('>LoRA: Train Adapter');
      await status('Training');
      await until(
        () => stepOf(dashboard),
        (step) => step > 0,
        'steps',
      );
      await keyboard.press('Control+2');
      await tabTo(workbench, 'Pause');
      await workbench.shot('focus');
      await keyboard.press('Enter');
      await status('Paused');
      const paused = await stepOf(dashboard);
      // The focus has moved to the button that came.
      await keyboard.press('Enter');
      await until(
        () => stepOf(dashboard),
        (step) => step > paused,
        'steps after the pause',
      );
      await tabTo(workbench, 'Stop');
      await keyboard.press('Space');
      await status('Stopped');
      await tabTo(workbench, 'All numbers as a table');
      await keyboard.press('Enter');
      await dashboard.locator('details.card tbody tr').first().waitFor();
      await workbench.shot('table');
    },
  },
  {
    name: 'one click on an adapter shows what it changed, and the run leads back to it',
    trusted: true,
    prepare(folder) {
      copyExample(folder, 150);
      const elsewhere = path.join(folder, 'adapters', 'a-peft-adapter');
      mkdirSync(elsewhere, { recursive: true });
      cpSync('test/unit/formats/fixtures/peft-plain', elsewhere, { recursive: true });
      writeFileSync(path.join(elsewhere, 'README.md'), '# An adapter from elsewhere\n');
    },
    async play(workbench) {
      await workbench.openFile(recipeName);
      await workbench.command('LoRA: Train Adapter');
      await workbench.press(workbench.toast('is trained'), 'Show Adapter');
      const changed = workbench.dashboard().locator('section', { hasText: 'What the adapter changed' });
      await changed.getByText('9, 19, 29, 39').waitFor();
      await changed.getByText('9, 10, 11, 12').first().waitFor();
      await workbench.shot('from-the-notice');
      await workbench.picture('changes', workbench.page.locator('iframe.webview.ready').first(), 790);
      await workbench.command('View: Close All Editors');
      await workbench.page.locator('iframe.webview').first().waitFor({ state: 'detached' });
      await workbench.sidebar();
      await workbench.line('on model · r 2').click();
      await changed.getByText('9, 19, 29, 39').waitFor();
      await workbench.shot('from-the-sidebar');
      await changed.getByRole('button', { name: 'Show in Adapters' }).click();
      await workbench.page.locator('.pane-body .monaco-list-row.selected', { hasText: 'on model · r 2' }).waitFor();
      await workbench.shot('back');
      await workbench.line('a-peft-adapter').click();
      await workbench.page.locator('.tab', { hasText: 'Preview README.md' }).first().waitFor();
      await workbench.webview().getByRole('heading').first().waitFor();
      await workbench.shot('from-elsewhere');
    },
  },
  {
    name: 'a run as a task: lines, and problems where they are',
    trusted: true,
    prepare(folder) {
      copyExample(folder, 30);
      writeFileSync(path.join(folder, 'broken.lora.json'), '{\n  "base_model": "model",\n  "lora": { "r": -1 }\n}\n');
    },
    async play(workbench) {
      await chooseTask(workbench, 'train count-by-ten');
      await workbench.toast('is trained').waitFor();
      await workbench.page.locator('.terminal-wrapper.active .xterm-screen').first().waitFor();
      await workbench.shot('lines');
      await chooseTask(workbench, 'train broken');
      await workbench.toast('is missing').waitFor();
      await workbench.command('Problems: Focus on Problems View');
      for (const text of ['`dataset.path` is missing', '`lora.r`']) {
        await workbench.page.locator('.markers-panel .monaco-list-row', { hasText: text }).first().waitFor();
      }
      await workbench.shot('problems');
    },
  },
];
