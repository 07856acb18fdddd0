// From an adapter to a model that needs no adapter.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { copyExample, recipeName } from './example.mjs';
import { until } from './workbench.mjs';

export const mergeStory = {
  name: 'train, merge into the base model, export, find what was made',
  trusted: true,
  prepare: (folder) => copyExample(folder, 60),
  async play(workbench, folder) {
    await workbench.openFile(recipeName);
    await workbench.command('LoRA: Train Adapter');
    await workbench.toast('is trained').waitFor();
    await workbench.dashboard().getByRole('status').getByText('Finished', { exact: true }).waitFor();
    await workbench.sidebar();
    const adapter = workbench.line('on model · r 2');
    await adapter.waitFor();
    await workbench.menu(adapter, 'Merge into Base Model', () => workbench.shot('menu'));
    await workbench.question('Folder of the merged model').waitFor();
    await workbench.shot('where');
    await workbench.page.keyboard.press('Enter');
    const done = workbench.toast('count-by-ten is merged: a model of');
    await done.waitFor();
    assert.match(await done.textContent(), /Read again, its scores differ from base and adapter by [\d.e-]+ %/);
    await workbench.shot('merged');
    const merged = path.join(folder, 'adapters', 'count-by-ten-merged');
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'README.md']) {
      assert.ok(existsSync(path.join(merged, name)), name);
    }
    assert.match(readFileSync(path.join(merged, 'README.md'), 'utf8'), /- `count-by-ten`/);
    const before = readdirSync(merged);
    await workbench.press(done, 'Reveal in Explorer');
    const row = workbench.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'model.safetensors' });
    await row.first().waitFor();
    await workbench.shot('revealed');

    await workbench.command('LoRA: Merge into Base Model');
    await workbench.question('Folder of the merged model').waitFor();
    await workbench.page.keyboard.press('Enter');
    const dialog = workbench.page.locator('.monaco-dialog-box', { hasText: 'There is a model in' });
    await dialog.waitFor();
    await workbench.shot('replace');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await until(
      () => dialog.count(),
      (count) => count === 0,
      'the question goes',
    );
    assert.deepEqual(readdirSync(merged), before);

    await workbench.sidebar();
    await workbench.menu(workbench.line('on model · r 2'), 'Export Adapter');
    await workbench.entry('one small file for llama.cpp').waitFor();
    await workbench.shot('formats');
    await workbench.pick('one small file for llama.cpp');
    await workbench.question('The file that is made').waitFor();
    await workbench.page.keyboard.press('Enter');
    const exported = workbench.toast('count-by-ten is exported as gguf-adapter');
    await exported.waitFor();
    assert.match(await exported.textContent(), /Read again, all 14 adapted layers are the same/);
    await workbench.shot('exported');
    assert.ok(existsSync(path.join(folder, 'adapters', 'count-by-ten.lora.gguf')));
    assert.ok(existsSync(path.join(folder, 'adapters', 'count-by-ten', 'adapter_model.safetensors')));
  },
};
