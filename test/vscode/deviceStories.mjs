// Where a recipe trains: what this computer has, what is chosen, and TensorFlow as a library to compare with.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyExample, recipeName } from './example.mjs';
import { oneWindow } from './oneWindow.mjs';
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
      await workbench.toast('cannot be used here. ').waitFor();
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
  oneWindow('what the computer lacks', [
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
        // What is missing is said in full, with the next step.
        await workbench.pick('For an NVIDIA graphics card');
        await workbench.toast('there is no NVIDIA driver').waitFor();
        await workbench.shot('no-driver');
        await workbench.command('LoRA: Set Up TensorFlow');
        await workbench.entry('From a wheel on disk').waitFor();
        await workbench.pick('For the processor');
        const dialog = workbench.page.locator('.monaco-dialog-box', {
          hasText: 'Set up TensorFlow for the processor?',
        });
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
      name: 'Set Up CUDA says what is missing before anything is fetched',
      trusted: true,
      prepare: (folder) => copyExample(folder, 10),
      async play(workbench) {
        await workbench.command('LoRA: Set Up CUDA');
        await workbench.question('Set Up CUDA').waitFor();
        await workbench.entry('For the NVIDIA graphics card').waitFor();
        await workbench.shot('cuda');
        await workbench.pick('For the NVIDIA graphics card');
        await workbench.toast("CUDA needs NVIDIA's driver").waitFor();
        await workbench.shot('no-driver');
      },
    },
  ]),
  ...(process.env.LORA_TENSORFLOW_WHEELS === undefined ? [] : [wholeSetUp()]),
];

/**
 * From the question to a trained adapter, and gone again. Played where LORA_TENSORFLOW_WHEELS names a folder with the wheel that
 * pip would fetch; give pip the same with PIP_NO_INDEX=1 and PIP_FIND_LINKS.
 */
function wholeSetUp() {
  return {
    name: 'TensorFlow is set up, trains a recipe, and is removed',
    trusted: true,
    prepare: (folder) => copyExample(folder, 10),
    async play(workbench, folder) {
      await workbench.openFile(recipeName);
      const agree = async () => {
        await workbench.command('LoRA: Set Up TensorFlow');
        await workbench.pick('For the processor');
        await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Set Up' }).click();
        await workbench.toast('Setting up TensorFlow').waitFor();
      };
      await agree();
      await workbench.press(workbench.toast('Setting up TensorFlow'), 'Cancel');
      await workbench.toast('was stopped: nothing was changed').waitFor();
      await agree();
      await workbench.shot('setting-up');
      const done = workbench.toast('TensorFlow 2.15.1 is set up (614 MB)');
      await done.waitFor();
      await workbench.shot('set-up');
      await workbench.press(done, 'Select Device');
      await workbench.entry('TensorFlow on the processor').waitFor();
      await workbench.shot('offered');
      await workbench.pick('TensorFlow on the processor');
      await until(
        () => Promise.resolve(text(folder)),
        (now) => /"runtime": "tensorflow"/.test(now),
        'the recipe names TensorFlow',
      );
      await workbench.command('LoRA: Train Adapter');
      await workbench.toast('is trained').waitFor();
      await workbench.command('LoRA: Set Up TensorFlow');
      await workbench.pick('Remove TensorFlow');
      await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Remove' }).click();
      await workbench.toast('TensorFlow was removed').waitFor();
      await workbench.shot('removed');
    },
  };
}

export const restrictedDevices = {
  name: 'no device is tried and nothing is set up',
  trusted: false,
  prepare: (folder) => copyExample(folder, 10),
  async play(workbench) {
    await workbench.openFile(recipeName);
    for (const title of ['LoRA: Select Device', 'LoRA: Set Up CUDA', 'LoRA: Set Up TensorFlow']) {
      const offered = await workbench.offered(title);
      assert.ok(!offered.includes(title), title);
    }
    await workbench.shot('restricted');
  },
};
