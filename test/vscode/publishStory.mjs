// An adapter on its way to the hub: what is asked, what is shown before anything is sent, and what is refused.
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const adapter = 'tens';
const published = ['README.md', 'adapter_config.json', 'adapter_model.safetensors'];

/** An adapter that PEFT wrote, with a file beside it that is nobody's business. */
function prepare(folder) {
  const place = path.join(folder, 'adapters', adapter);
  cpSync('test/unit/formats/fixtures/peft-plain', place, { recursive: true });
  writeFileSync(path.join(place, 'README.md'), '---\nbase_model: tiny-llama\n---\n# Tens\n');
  writeFileSync(path.join(place, 'secret.txt'), 'secret');
}

export const publishStories = [
  {
    name: 'publish an adapter: token, base model, what is sent, and where it is then',
    trusted: true,
    prepare,
    async play(workbench, folder, hub) {
      await workbench.sidebar();
      await workbench.menu(workbench.line('on tiny-llama'), 'Publish to Hub');
      // What others need to know comes first, then who publishes.
      await workbench.question('means something on this computer only').waitFor();
      await workbench.shot('base');
      await workbench.answer('someone/numbers');
      await workbench.question('Publishing needs one that may write').waitFor();
      await workbench.shot('token');
      await workbench.answer('hf_mistyped');
      const refused = workbench.toast('The hub does not know this token');
      await refused.waitFor();
      await workbench.shot('refused');
      await workbench.press(refused, 'Set Hugging Face Token');
      await workbench.question('One is stored').waitFor();
      await workbench.answer('hf_writer');
      await workbench.question('Publish tens: Repository').waitFor();
      const name = workbench.page.locator('.quick-input-widget input').first();
      assert.equal(await name.inputValue(), `someone/${adapter}`);
      await workbench.fillIn('no owner');
      await workbench.question('An id has an owner and a name').waitFor();
      await workbench.shot('repository');
      await workbench.answer(`someone/${adapter}`);
      await workbench.entry('For its owner alone').waitFor();
      await workbench.shot('who');
      await workbench.pick('For its owner alone');
      const dialog = workbench.page.locator('.monaco-dialog-box');
      await dialog.waitFor();
      const asked = await dialog.textContent();
      for (const part of [`Publish tens to someone/${adapter}?`, hub.endpoint, 'someone/numbers', ...published]) {
        assert.ok(asked.includes(part), part);
      }
      assert.ok(!asked.includes('secret'));
      await workbench.shot('question');
      assert.equal(hub.filesAt(`someone/${adapter}`), undefined, 'nothing was sent yet');
      await dialog.getByRole('button', { name: 'Read Model Card First' }).click();
      await workbench.page.locator('.tab', { hasText: 'Preview README.md' }).first().waitFor();
      const again = workbench.toast(`Publish tens to someone/${adapter}?`);
      await again.waitFor();
      await workbench.shot('card');
      await workbench.press(again, 'Publish');
      const done = workbench.toast('tens is published: 3 files in a new private repository');
      await done.waitFor();
      await done.getByRole('link', { name: `${hub.endpoint}/someone/${adapter}` }).waitFor();
      await done.getByRole('button', { name: 'Open Page' }).waitFor();
      await workbench.shot('published');
      const there = hub.filesAt(`someone/${adapter}`);
      assert.deepEqual([...there.keys()].sort(), ['.gitattributes', ...published]);
      assert.match(there.get('README.md').toString(), /^base_model: someone\/numbers$/m);
      assert.match(there.get('adapter_config.json').toString(), /"someone\/numbers"/);
    },
  },
];

export const restrictedPublishing = {
  name: 'nothing is evaluated, merged or published',
  trusted: false,
  prepare,
  async play(workbench) {
    await workbench.sidebar();
    await workbench.line('on tiny-llama').waitFor();
    for (const title of ['Publish to Hub', 'Evaluate Adapter', 'Merge into Base Model']) {
      const offered = await workbench.offered(`LoRA: ${title}`);
      assert.ok(!offered.some((label) => label.includes(title)), `${title} is offered where it does not apply`);
    }
  },
};
