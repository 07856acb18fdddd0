// Where a recipe trains: what this computer has, what is chosen, and TensorFlow as a library to compare with.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyExample, recipeName } from './example.mjs';
import { until } from './workbench.mjs';

const text = (folder) => readFileSync(path.join(folder, recipeName), 'utf8');

export const deviceStories = [
  {
    name: 'Select Device tells what there is and why, and writes the choice into the recipe',
    trusted: true,
    prepare: (folder) => copyExample(folder, 10),
    async play(workbench, folder) {
      await workbench.openFile(recipeName);
      const before = text(folder);
      await workbench.status('auto').click();
      await workbench.question(`Select Device for ${recipeName}`).waitFor();
      await workbench.entry('the fastest that works').waitFor();
      await workbench.entry('the processor').waitFor();
      await workbench.entry('cannot be used here').waitFor();
      await workbench.entry('Set up TensorFlow').waitFor();
      await workbench.shot('devices');
      // What cannot be used says why, and another one can be chosen.
      await workbench.pick('cannot be used here');
      await workbench.question(`Select Device for ${recipeName}`).waitFor();
      await workbench.shot('why-not');
      await workbench.pick('Look again');
      await workbench.entry('the processor').waitFor();
      await workbench.pick('the processor');
      await until(
        () => Promise.resolve(text(folder)),
        (now) => /"device": "cpu"/.test(now),
        'the recipe names the device',
      );
      const comments = before.match(/\/\/.*/g) ?? [];
      for (const comment of comments) assert.ok(text(folder).includes(comment), comment);
      await workbench.status('cpu').waitFor();
      await workbench.shot('chosen');
      await workbench.command('LoRA: Train Adapter');
      await workbench.toast('is trained').waitFor();
    },
  },
  {
    name: 'Select Device without a recipe is a setting, and says so',
    trusted: true,
    prepare: (folder) => writeFileSync(path.join(folder, 'notes.txt'), 'no recipe here\n'),
    async play(workbench) {
      await workbench.command('LoRA: Select Device');
      await workbench.question('Select Device for recipes that name none').waitFor();
      await workbench.entry('the processor').waitFor();
      await workbench.pick('the fastest that works');
      await workbench.status('Recipes that name no device train on auto').waitFor();
      await workbench.shot('setting');
    },
  },
  {
    name: 'Set Up TensorFlow says what it takes before anything is fetched',
    trusted: true,
    prepare: (folder) => copyExample(folder, 10),
    async play(workbench) {
      await workbench.command('LoRA: Set Up TensorFlow');
      await workbench.question('Set Up TensorFlow').waitFor();
      await workbench.entry('From a wheel on disk').waitFor();
      await workbench.entry('For an NVIDIA graphics card').waitFor();
      await workbench.shot('ways');
      await workbench.pick('For the processor');
      const dialog = workbench.page.locator('.monaco-dialog-box', { hasText: 'Set up TensorFlow for the processor?' });
      await dialog.waitFor();
      assert.match(await dialog.textContent(), /207 MB.*compiled with g\+\+.*the same command removes them/s);
      await workbench.shot('agreement');
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await until(
        () => dialog.count(),
        (count) => count === 0,
        'the question goes',
      );
      assert.equal(await workbench.toast('Setting up TensorFlow').count(), 0);
    },
  },
  {
    name: 'In Restricted Mode no device is tried and nothing is set up',
    trusted: false,
    prepare: (folder) => copyExample(folder, 10),
    async play(workbench) {
      await workbench.openFile(recipeName);
      for (const title of ['LoRA: Select Device', 'LoRA: Set Up TensorFlow']) {
        const offered = await workbench.offered('LoRA:');
        assert.ok(!offered.includes(title), title);
      }
      await workbench.shot('restricted');
    },
  },
];
