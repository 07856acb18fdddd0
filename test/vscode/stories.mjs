// What a person does with the extension, from beginning to end. Each story gets a window on a folder of its own.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { convertStory } from './convertStory.mjs';
import {
  copyData,
  copyExample,
  copyMistyped,
  endless,
  figure,
  recipeName,
  record,
  runs,
  setSteps,
  stepOf,
} from './example.mjs';
import { deviceStories } from './deviceStories.mjs';
import { languageStories } from './languageStories.mjs';
import { mergeStory } from './mergeStory.mjs';
import { newRecipeStories } from './newRecipeStories.mjs';
import { oneWindow } from './oneWindow.mjs';
import { playgroundStories } from './playgroundStories.mjs';
import { previewStories } from './previewStories.mjs';
import { publishStories } from './publishStory.mjs';
import { restrictedStory } from './restrictedStory.mjs';
import { servingStory } from './servingStory.mjs';
import { wholeStory } from './wholeStory.mjs';
import { until } from './workbench.mjs';

export const stories = [
  {
    name: 'train, stop, resume, finish, find the adapter',
    trusted: true,
    prepare: (folder) => copyExample(folder, endless),
    async play(workbench, folder) {
      await workbench.openFile(recipeName);
      await workbench.shot('recipe');
      await workbench.command('LoRA: Train Adapter');
      const began = performance.now();
      const dashboard = workbench.dashboard();
      await dashboard.getByRole('status').getByText('Training', { exact: true }).waitFor();
      const first = await until(
        () => stepOf(dashboard),
        (step) => step > 0,
        'the first step',
      );
      const waited = performance.now() - began;
      await until(
        () => stepOf(dashboard),
        (step) => step > first + 50,
        'further steps',
      );
      const loss = await until(
        async () => Number(await figure(dashboard, 'Loss').textContent()),
        (value) => value < 3,
        'the loss falls',
      );
      assert.ok(loss > 0);
      await workbench.status(`count-by-ten`).waitFor();
      await workbench.shot('training');
      await workbench.picture('dashboard', workbench.page.locator('iframe.webview.ready').first(), 790);

      await workbench.command('LoRA: Pause Training');
      await dashboard.getByRole('status').getByText('Paused', { exact: true }).waitFor();
      const paused = await stepOf(dashboard);
      await workbench.shot('paused');
      await dashboard.getByRole('button', { name: 'Resume' }).click();
      await until(
        () => stepOf(dashboard),
        (step) => step > paused,
        'steps after the pause',
      );

      await workbench.command('LoRA: Stop Training');
      await dashboard.getByRole('status').getByText('Stopped', { exact: true }).waitFor();
      await workbench.toast('its checkpoint is kept').waitFor();
      await workbench.shot('stopped');
      const [run] = runs(folder);
      const { status, step } = record(run);
      assert.equal(status, 'cancelled');
      assert.ok(existsSync(path.join(run, 'checkpoints', `step-${step}`)));

      setSteps(folder, step + 200);
      await workbench.press(workbench.toast('its checkpoint is kept'), 'Resume Training');
      await dashboard.getByRole('status').getByText('Finished', { exact: true }).waitFor();
      await workbench.toast('is trained').waitFor();
      await workbench.shot('finished');
      assert.equal(runs(folder).length, 1);
      assert.deepEqual([record(run).status, record(run).step], ['finished', step + 200]);

      await workbench.sidebar();
      await workbench.line('on model · r 2').waitFor();
      await workbench.line('· finished').waitFor();
      await workbench.line('on model · r 2').click();
      await dashboard.getByRole('heading', { name: 'What the adapter changed' }).waitFor();
      await workbench.shot('changed');
      await workbench.line('on model · r 2').locator('.monaco-tl-twistie').click();
      await workbench.line('final loss').waitFor();
      await workbench.shot('adapter');
      await workbench.picture('adapter', workbench.page.locator('.pane', { hasText: 'Adapters' }).last());
      assert.ok(existsSync(path.join(folder, 'adapters', 'count-by-ten', 'adapter_model.safetensors')));
      return `from the palette to the first loss on the dashboard ${(waited / 1000).toFixed(1)} s`;
    },
  },
  oneWindow('at first sight', [
    {
      name: 'it is active in an instant',
      trusted: true,
      prepare: (folder) => copyExample(folder, 10),
      async play(workbench) {
        await workbench.openFile(recipeName);
        await workbench.command('Developer: Show Running Extensions');
        const row = workbench.page
          .locator('.runtime-extensions-editor .extension', { hasText: 'LoRA Workbench' })
          .first();
        const time = row.locator('.activation-time');
        const text = await until(
          () => time.textContent(),
          (shown) => /\d+ ?ms/.test(shown),
          'the time of activation',
        );
        await workbench.shot('running-extensions');
        return text;
      },
    },
    {
      name: 'the page of the extension tells how to begin',
      trusted: true,
      prepare: () => undefined,
      async play(workbench) {
        await workbench.command('Extensions: Show Installed Extensions');
        await workbench.page
          .locator('.extensions-list .monaco-list-row', { hasText: 'LoRA Workbench' })
          .first()
          .click();
        const page = workbench.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
        await page.getByRole('heading', { name: 'LoRA Workbench' }).first().waitFor();
        await page.getByText('LoRA: Create the Example').waitFor();
        assert.equal(await page.locator('img').count(), 0, 'VS Code draws no picture that lies in the package');
        await workbench.shot('page');
      },
    },
    {
      name: 'a recipe that cannot be trained says why and where',
      trusted: true,
      prepare(folder) {
        copyExample(folder, 10);
        writeFileSync(path.join(folder, 'data.jsonl'), '{"prompt": "1,", "completion": "2"}\n{"prompt": \n');
      },
      async play(workbench) {
        await workbench.openFile(recipeName);
        await workbench.command('LoRA: Train Adapter');
        const notice = workbench.toast('data.jsonl');
        await notice.waitFor();
        await workbench.shot('failure');
        await workbench.press(notice, 'Open the File');
        await workbench.page.locator('.tab', { hasText: 'data.jsonl' }).first().waitFor();
        await workbench.atLine(2);
      },
    },
  ]),
  {
    name: 'open a finished run again from the sidebar',
    trusted: true,
    prepare: (folder) => copyExample(folder, 60),
    async play(workbench) {
      await workbench.openFile(recipeName);
      await workbench.page.locator('.editor-actions [aria-label^="Train Adapter"]').first().click();
      await workbench.toast('is trained').waitFor();
      await workbench.command('View: Close All Editors');
      await workbench.page.locator('iframe.webview').first().waitFor({ state: 'detached' });
      await workbench.sidebar();
      await workbench.line('60/60 · finished').click();
      const dashboard = workbench.dashboard();
      await dashboard.getByRole('status').getByText('Finished', { exact: true }).waitFor();
      assert.equal(await stepOf(dashboard), 60);
      await workbench.shot('reopened');
    },
  },
  {
    name: 'reload the window during a run, and go on',
    trusted: true,
    prepare: (folder) => copyExample(folder, endless),
    async play(workbench, folder) {
      await workbench.openFile(recipeName);
      await workbench.command('LoRA: Train Adapter');
      await until(
        () => stepOf(workbench.dashboard()),
        (step) => step > 20,
        'steps',
      );
      await workbench.command('Developer: Reload Window');
      const notice = workbench.toast('was interrupted; it stands at step');
      await notice.waitFor();
      await workbench.dashboard().getByRole('status').getByText('Stopped', { exact: true }).waitFor();
      await workbench.shot('interrupted');
      const [run] = runs(folder);
      const { step } = record(run);
      setSteps(folder, step + 100);
      await workbench.press(notice, 'Resume Training');
      await workbench.toast('is trained').waitFor();
      await workbench.dashboard().getByRole('status').getByText('Finished', { exact: true }).waitFor();
      assert.deepEqual([record(run).status, record(run).step], ['finished', step + 100]);
      await workbench.shot('resumed');
    },
  },
  ...newRecipeStories,
  {
    name: 'download a base model and write a recipe for it',
    trusted: true,
    prepare: copyData,
    async play(workbench, folder, hub) {
      hub.add({ id: 'someone/numbers', files: hub.numbers, gatedTo: ['hf_reader'] });
      await workbench.command('LoRA: Download Base Model');
      await workbench.question('SmolLM2-135M-Instruct').waitFor();
      await workbench.shot('list');
      await workbench.fillIn('someone/numbers');
      await workbench.shot('typed');
      await workbench.pick('someone/numbers');
      const gated = workbench.toast('only given to people who have accepted its licence');
      await gated.waitFor();
      await workbench.toast('Downloading').waitFor({ state: 'detached' });
      await workbench.shot('gated');
      const transfer = hub.hold('model.safetensors', 200_000);
      await workbench.press(gated, 'Set Hugging Face Token');
      await workbench.question('Needed only for gated and private models').waitFor();
      await workbench.answer('hf_reader');
      await transfer.held;
      const progress = workbench.toast('Downloading someone/numbers');
      await progress.filter({ hasText: /20\d kB of 356 kB/ }).waitFor();
      await workbench.shot('progress');
      await workbench.press(progress, 'Cancel');
      await workbench.toast('was stopped').waitFor();
      await workbench.shot('stopped');

      await workbench.command('LoRA: New Recipe');
      await workbench.question('New Recipe (1 of 3)').waitFor();
      await workbench.shot('new-recipe');
      await workbench.pick('Download a model…');
      await workbench.fillIn('someone/numbers');
      await workbench.pick('someone/numbers');
      await workbench.question('New Recipe (2 of 3)').waitFor();
      await workbench.page.keyboard.press('Escape');

      await workbench.command('LoRA: Download Base Model');
      await workbench.fillIn('someone/numbers');
      await workbench.pick('someone/numbers');
      const done = workbench.toast('someone/numbers was here already');
      await done.waitFor();
      await workbench.shot('done');
      await workbench.press(done, 'New Recipe');
      await workbench.question('New Recipe (2 of 3)').waitFor();
      await workbench.pick('./data.jsonl');
      await workbench.answer('mine');
      await workbench.page.locator('.tab', { hasText: 'mine.lora.json' }).first().waitFor();
      await workbench.shot('recipe');
      const text = readFileSync(path.join(folder, 'mine.lora.json'), 'utf8');
      assert.match(text, /"base_model": "someone\/numbers",/);
    },
  },
  convertStory,
  {
    name: 'a recipe is checked, explained and completed as it is typed',
    trusted: true,
    prepare: copyMistyped,
    async play(workbench) {
      const { page } = workbench;
      await workbench.openFile(recipeName);
      await page.locator('.codelens-decoration', { hasText: 'Train Adapter' }).first().waitFor();
      await page.locator('.squiggly-error').first().waitFor();
      await workbench.shot('checked');
      await workbench.hover('v_prj');
      await page.locator('.monaco-hover', { hasText: 'matches no layer' }).first().waitFor();
      await workbench.shot('hover');
      await workbench.fix('v_prj', 'Write "v_proj"', async (entry) => {
        await workbench.shot('fixes');
        await entry.waitFor({ timeout: 100 });
        await page.keyboard.press('Enter');
      });
      await page.locator('.codelens-decoration', { hasText: 'trainable parameters' }).first().waitFor();
      await page.locator('.codelens-decoration', { hasText: 'memory about' }).first().waitFor();
      await workbench.shot('fixed');
      await workbench.clickWord('v_proj');
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.type(', "');
      await page.locator('.suggest-widget.visible .monaco-list-row', { hasText: 'gate_proj' }).first().waitFor();
      await workbench.shot('targets');
    },
  },
  ...languageStories,
  {
    name: 'an empty folder says what to do first',
    trusted: true,
    prepare: () => undefined,
    async play(workbench) {
      await workbench.command('View: Show LoRA');
      await workbench.page.getByRole('button', { name: 'Create the Example' }).first().waitFor();
      await workbench.shot('welcome');
      const offered = await workbench.offered('LoRA:');
      for (const title of ['Train Adapter', 'New Recipe']) assert.ok(offered.some((label) => label.includes(title)));
      for (const title of ['Stop Training', 'Resume Training', 'Rename', 'Delete', 'Convert to Recipe']) {
        assert.ok(!offered.some((label) => label.includes(title)), `${title} is offered where it does not apply`);
      }
    },
  },
  {
    name: 'the walkthrough leads from nothing to an adapter',
    trusted: true,
    prepare: () => undefined,
    async play(workbench, folder) {
      await workbench.command('Welcome: Open Walkthrough...');
      await workbench.pick('Fine-tune your first adapter');
      await workbench.page.locator('.getting-started-step', { hasText: 'Put the example into a folder' }).waitFor();
      await workbench.page
        .frameLocator('iframe.webview.ready')
        .frameLocator('#active-frame')
        .getByText('What the example holds')
        .waitFor();
      await workbench.shot('walkthrough');
      await workbench.page.locator('.getting-started-step').getByRole('button', { name: 'Create the Example' }).click();
      await workbench.answer(`${folder}/`);
      await until(() => existsSync(path.join(folder, 'first-adapter', recipeName)), Boolean, 'the example');
      await workbench.page.locator('.tab', { hasText: recipeName }).first().waitFor();
      await workbench.shot('example');
      await workbench.command('LoRA: Train Adapter');
      await workbench.toast('is trained: 150 steps').waitFor();
      await workbench.shot('trained');
    },
  },
  mergeStory,
  ...deviceStories,
  servingStory,
  ...publishStories,
  ...previewStories,
  ...playgroundStories,
  restrictedStory,
  wholeStory,
];
