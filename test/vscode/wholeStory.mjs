// The whole way of an adapter in one window: trained, tried, compared, evaluated, merged, exported, served, asked, published.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { flaws } from './accessStories.mjs';
import { copyExample, recipeName } from './example.mjs';
import { until } from './workbench.mjs';

const name = 'count-by-ten';
const shorter = 'a-little';

/** The example with a model that holds conversations, a shorter training to compare with, and rows to evaluate on. */
function prepare(folder) {
  copyExample(folder, 150);
  const file = path.join(folder, 'model', 'tokenizer_config.json');
  const template = '{{ bos_token }}{% for message in messages %}{{ message.content }}{% endfor %}';
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), chat_template: template }));
  const recipe = readFileSync(path.join(folder, recipeName), 'utf8');
  const other = recipe
    .replace(/"max_steps": \d+/, '"max_steps": 20')
    .replace(`adapters/${name}`, `adapters/${shorter}`);
  writeFileSync(path.join(folder, `${shorter}.lora.json`), other);
  const rows = readFileSync(path.join(folder, 'data.jsonl'), 'utf8').split('\n').slice(0, 20);
  writeFileSync(path.join(folder, 'test.jsonl'), rows.join('\n'));
}

/** A line of the Adapters view. */
function adapter(workbench, called) {
  const rows = workbench.page.locator('.pane-body .monaco-list-row', { hasText: called });
  return rows.filter({ hasText: 'on model' }).first();
}

async function train(workbench, recipe) {
  await workbench.openFile(recipe);
  await workbench.command('LoRA: Train Adapter');
  const done = workbench.toast(`"${recipe.replace('.lora.json', '')}" is trained`);
  await done.waitFor();
  return done;
}

/** So that a picture shows what its step said, and a notice is not covered by an earlier one. */
const clear = (workbench) => workbench.command('Notifications: Clear All Notifications');

async function write(page, text) {
  const prompt = page.getByLabel('Prompt', { exact: true });
  await prompt.fill(text);
  await prompt.press('Control+Enter');
  await page.getByText('texts are written.').waitFor();
}

async function tryIt(workbench, done) {
  // Nothing beside the playground, as the dashboard would be.
  await workbench.command('View: Close All Editors');
  await workbench.press(done, 'Try It');
  const page = workbench.webview();
  await page.getByRole('heading', { name, exact: true }).waitFor();
  await write(page, '9,');
  const outputs = () => page.locator('.output').allTextContents();
  await until(
    outputs,
    ([base, tens]) => /^ 10, 11, 12/.test(base) && /^ 19, 29, 39/.test(tens),
    'the base model counts, and the adapter counts in tens',
  );
  await write(page, '4,');
  await page.getByText('Prompt 3 comes next').waitFor();
  assert.equal(await page.locator('.column').nth(1).locator('.turns p').count(), 3);
  await workbench.shot('2-tried');
  assert.deepEqual(await flaws(workbench), []);
  await page.getByRole('button', { name: 'Start over' }).click();
}

async function compare(workbench) {
  await train(workbench, `${shorter}.lora.json`);
  await workbench.command('View: Close All Editors');
  await clear(workbench);
  await workbench.command('LoRA: Compare Adapters');
  for (const each of [shorter, name]) await workbench.entry(each).click();
  await workbench.shot('3-which');
  await workbench.page.keyboard.press('Enter');
  const page = workbench.webview();
  await page.getByRole('heading', { name: shorter, exact: true }).waitFor();
  await write(page, '9,');
  await workbench.shot('3-compared');
}

async function evaluate(workbench, folder) {
  await workbench.sidebar();
  await workbench.menu(adapter(workbench, name), 'Evaluate Adapter', () => workbench.shot('4-menu'));
  await workbench.entry('./test.jsonl').waitFor();
  await workbench.shot('4-rows');
  await workbench.pick('./test.jsonl');
  const done = workbench.toast(`${name} on test.jsonl: It is`);
  await done.waitFor();
  const [, own, base] = /Loss ([\d.]+) \(base model ([\d.]+)\)/.exec(await done.textContent());
  assert.ok(Number(own) < Number(base), `${own} against ${base}`);
  await workbench.shot('4-evaluated');
  assert.match(readFileSync(path.join(folder, 'adapters', name, 'README.md'), 'utf8'), /^## Evaluation$/m);
  await workbench.press(done, 'Compare Adapters');
  await workbench.entry(shorter).waitFor();
  await workbench.page.keyboard.press('Enter');
  const page = workbench.webview();
  const figures = page.locator('.comparison tr', { hasText: 'loss on test.jsonl' });
  await figures.first().scrollIntoViewIfNeeded();
  await workbench.shot('4-figures');
}

async function merge(workbench, folder) {
  await clear(workbench);
  await workbench.menu(adapter(workbench, name), 'Merge into Base Model');
  await workbench.question('Folder of the merged model').waitFor();
  await workbench.page.keyboard.press('Enter');
  await workbench.toast(`${name} is merged: a model of`).waitFor();
  await workbench.shot('5-merged');
  assert.ok(existsSync(path.join(folder, 'adapters', `${name}-merged`, 'model.safetensors')));
}

async function exportIt(workbench, folder) {
  await clear(workbench);
  await workbench.menu(adapter(workbench, name), 'Export Adapter');
  await workbench.pick('one small file for llama.cpp');
  await workbench.question('The file that is made').waitFor();
  await workbench.page.keyboard.press('Enter');
  await workbench.toast(`${name} is exported as gguf-adapter`).waitFor();
  await workbench.shot('6-exported');
  assert.ok(existsSync(path.join(folder, 'adapters', `${name}.lora.gguf`)));
}

/** Gives the server's address. */
async function serve(workbench) {
  await clear(workbench);
  await workbench.menu(adapter(workbench, name), 'Serve Adapters');
  await workbench.page.getByPlaceholder('Which adapters?').waitFor();
  await workbench.page.keyboard.press('Enter');
  const served = workbench.toast(`${name} is served at`);
  await served.waitFor();
  await workbench.shot('7-served');
  return /http:\/\/127\.0\.0\.1:\d+/.exec(await served.textContent())[0];
}

/** As any program asks; VS Code's own chat is asked in the suite inside the extension host. */
async function chat(workbench, url) {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: name, messages: [{ role: 'user', content: '9,' }], max_tokens: 8, temperature: 0 }),
  });
  assert.equal(answer.status, 200);
  const { choices } = await answer.json();
  assert.match(choices[0].message.content, /^ ?19, 29, 39/);
  await workbench.status('1 request').click();
  await workbench.entry('Copy curl Command').waitFor();
  await workbench.shot('8-asked');
  await workbench.page.keyboard.press('Escape');
}

async function publish(workbench, hub) {
  await clear(workbench);
  await workbench.menu(adapter(workbench, name), 'Publish to Hub');
  await workbench.question('means something on this computer only').waitFor();
  await workbench.answer('someone/numbers');
  await workbench.question('Publishing needs one that may write').waitFor();
  await workbench.answer('hf_writer');
  await workbench.question(`Publish ${name}: Repository`).waitFor();
  await workbench.page.keyboard.press('Enter');
  await workbench.pick('For everybody');
  const dialog = workbench.page.locator('.monaco-dialog-box');
  await dialog.waitFor();
  await workbench.shot('9-question');
  await dialog.getByRole('button', { name: 'Publish', exact: true }).click();
  await workbench.toast(`${name} is published: 4 files in a new public repository`).waitFor();
  await workbench.shot('9-published');
  const card = hub.filesAt(`someone/${name}`).get('README.md').toString();
  assert.match(card, /^\| test\.jsonl \| with the adapter \|/m);
}

export const wholeStory = {
  name: 'the whole way: train, try, compare, evaluate, merge, export, serve, chat, publish',
  trusted: true,
  prepare,
  async play(workbench, folder, hub) {
    const done = await train(workbench, recipeName);
    await workbench.dashboard().getByRole('status').getByText('Finished', { exact: true }).waitFor();
    await workbench.shot('1-trained');
    await tryIt(workbench, done);
    await compare(workbench);
    await evaluate(workbench, folder);
    await merge(workbench, folder);
    await exportIt(workbench, folder);
    await chat(workbench, await serve(workbench));
    await publish(workbench, hub);
    await workbench.command('LoRA: Stop Serving');
    await workbench.status('request').waitFor({ state: 'hidden' });
    await workbench.sidebar();
    await workbench.shot('10-kept');
  },
};
