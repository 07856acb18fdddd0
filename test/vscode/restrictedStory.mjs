// A workspace that nobody trusts yet: nothing of it runs, what can be read is read, and each place says so.
import assert from 'node:assert/strict';
import { restrictedDevices } from './deviceStories.mjs';
import { copyExample, recipeName, runs } from './example.mjs';
import { restrictedRecipe } from './languageStories.mjs';
import { restrictedNewRecipe } from './newRecipeStories.mjs';
import { oneWindow } from './oneWindow.mjs';
import { restrictedPlayground } from './playgroundStories.mjs';
import { restrictedPreview } from './previewStories.mjs';
import { restrictedPublishing } from './publishStory.mjs';

const nothingRuns = {
  name: 'nothing is trained or downloaded',
  trusted: false,
  prepare: (folder) => copyExample(folder, 10),
  async play(workbench, folder) {
    await workbench.openFile(recipeName);
    await workbench.command('LoRA: Train Adapter');
    await workbench.toast('This window is in Restricted Mode, so nothing is trained here').waitFor();
    await workbench.shot('restricted');
    await workbench.sidebar();
    await workbench.line('count-by-ten').waitFor();
    await workbench.shot('sidebar');
    assert.deepEqual(runs(folder), []);
    await workbench.command('LoRA: Download Base Model');
    await workbench.toast('so nothing is downloaded here').waitFor();
  },
};

export const restrictedStory = oneWindow('in Restricted Mode', [
  nothingRuns,
  restrictedDevices,
  restrictedPreview,
  restrictedPlayground,
  restrictedNewRecipe,
  restrictedPublishing,
  restrictedRecipe,
]);
