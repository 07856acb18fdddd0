// An adapter that programs can ask, from the sidebar to the last request.
import assert from 'node:assert/strict';
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { copyExample, recipeName } from './example.mjs';
import { until } from './workbench.mjs';

async function ask(url, model) {
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, prompt: '1, 2,', max_tokens: 4 }),
  });
  return answer.status;
}

const addressIn = (text) => /http:\/\/127\.0\.0\.1:\d+/.exec(text)[0];

export const servingStory = {
  name: 'train, serve the adapter, ask it, add another one, take it out, stop',
  trusted: true,
  prepare: (folder) => copyExample(folder, 20),
  async play(workbench, folder) {
    await workbench.openFile(recipeName);
    await workbench.command('LoRA: Train Adapter');
    await workbench.toast('is trained').waitFor();
    await workbench.sidebar();
    const adapter = workbench.line('on model · r 2');
    await adapter.waitFor();
    await workbench.menu(adapter, 'Serve Adapters', () => workbench.shot('menu'));
    const served = workbench.toast('count-by-ten is served at');
    await served.waitFor();
    await workbench.shot('served');
    const url = addressIn(await served.textContent());
    assert.equal(await ask(url, 'count-by-ten'), 200);
    assert.equal(await ask(url, 'second'), 404);
    const status = workbench.status('2 requests');
    await status.waitFor();
    await workbench.shot('status');

    await status.click();
    await workbench.entry('Copy curl Command').waitFor();
    await workbench.shot('actions');
    await workbench.pick('Add Adapters…');
    await workbench.toast('This workspace has no further adapter of model').waitFor();

    const second = path.join(folder, 'adapters', 'second');
    cpSync(path.join(folder, 'adapters', 'count-by-ten'), second, { recursive: true });
    const line = workbench.line('second');
    await line.waitFor();
    await workbench.menu(line, 'Serve Adapters');
    await workbench.toast('second is served now, too').waitFor();
    assert.equal(await ask(url, 'second'), 200);
    await workbench.status('second +1').waitFor();

    await workbench.command('LoRA: Manage Server of Adapters');
    await workbench.pick('Remove Adapters…');
    await workbench.entry('second').waitFor();
    await workbench.shot('remove');
    await workbench.entry('second').click();
    await workbench.page.keyboard.press('Enter');
    await until(
      () => ask(url, 'second'),
      (code) => code === 404,
      'the adapter is gone',
    );
    assert.equal(await ask(url, 'count-by-ten'), 200);
    assert.ok(existsSync(second));

    await workbench.command('LoRA: Stop Serving');
    await until(
      () => ask(url, 'count-by-ten').catch(() => 'nobody'),
      (answer) => answer === 'nobody',
      'the server ends',
    );
    await workbench.status('request').waitFor({ state: 'hidden' });
    await workbench.shot('stopped');
  },
};
