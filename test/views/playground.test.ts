import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { defaultSetup } from '../../src/run/playgroundProtocol';
import type { PlaygroundMemory } from '../../src/run/playgroundProtocol';
import { writeTinyAdapter } from '../tiny/adapter';
import { temporaryFolder } from '../tiny/recipe';
import { Pages, flaws, poll, withoutBrowser } from './browserPage';
import { openPlaygroundPage } from './playgroundPage';
import type { OpenPlaygroundPage } from './playgroundPage';
import { themes } from './themes';
import type { ThemeName } from './themes';

const screens = '.tsbuild/screens';
const numbers = path.resolve('examples/numbers/model');

interface Tried {
  readonly folder: string;
  readonly adapters: readonly [string, string];
}

describe('the playground in a browser', { skip: withoutBrowser }, () => {
  let pages: Pages;
  before(async () => {
    mkdirSync(screens, { recursive: true });
    pages = await Pages.start();
  });
  after(() => pages.stop());

  const tried = async (t: TestContext): Promise<Tried> => {
    const folder = await temporaryFolder(t);
    const adapters = [path.join(folder, 'letters'), path.join(folder, 'poems')] as const;
    await writeTinyAdapter(adapters[0], numbers);
    await writeTinyAdapter(adapters[1], numbers, { r: 2 }, 5);
    return { folder, adapters };
  };

  /** The base model beside both adapters. */
  const open = async (
    { folder, adapters }: Tried,
    options: Parameters<typeof openPlaygroundPage>[2] = {},
  ): Promise<OpenPlaygroundPage> => {
    const promptFile = path.join(folder, '.lora', 'prompts.json');
    const start = { baseModel: null, adapter: adapters[0] };
    const opened = await openPlaygroundPage(pages, start, { adapters, promptFile, ...options });
    opened.feed.feed.show({
      columns: [[], ...adapters.map((adapter) => [{ folder: adapter, weight: 1 }])],
      replaces: true,
      isComparison: options.memory === undefined,
    });
    await opened.page.locator('.column').nth(2).waitFor();
    return opened;
  };
  const write = async ({ page }: OpenPlaygroundPage, prompt = '9,'): Promise<void> => {
    await page.getByLabel('Prompt', { exact: true }).fill(prompt);
    await page.keyboard.press('Control+Enter');
  };
  const texts = ({ page }: OpenPlaygroundPage): Promise<readonly string[]> => page.locator('.output').allTextContents();
  const settled = async (opened: OpenPlaygroundPage): Promise<void> => {
    await opened.page.getByText('All 3 texts are written.').waitFor();
    await opened.settled();
  };

  for (const theme of Object.keys(themes) as ThemeName[]) {
    test(`has no flaw that axe finds, and none against its policy, in ${theme}`, async (t) => {
      const opened = await open(await tried(t), { theme });
      const { page } = opened;
      await write(opened);
      await settled(opened);
      await page.getByRole('button', { name: 'Add to prompt set' }).click();
      await page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))");
      await page.getByRole('button', { name: 'Write all' }).click();
      await page.locator('.set-text').nth(2).getByText(/\d/).waitFor();
      await page.locator('.output').first().press('ArrowRight');
      assert.deepEqual(await flaws(opened), []);
      assert.deepEqual(await opened.violations(), []);
      await page.screenshot({ path: `${screens}/playground-${theme}.png`, fullPage: true });
      await opened.close();
    });
  }

  test('writes in all columns at once, with figures and where they differ', async (t) => {
    const opened = await open(await tried(t));
    const { page } = opened;
    await page.locator('.sampling summary').click();
    await page.getByLabel('Max new tokens').fill('12');
    await write(opened);
    await settled(opened);
    const [base, letters, poems] = await texts(opened);
    assert.equal(base, ' 10, 11, 12, 13, 14, 15,');
    assert.ok(letters !== base && poems !== base && letters !== poems);
    const figures = await page.locator('.figures-line').allTextContents();
    figures.forEach((line) =>
      assert.match(line, /^\d+ tokens · [\d.,]+ tokens\/s · (ended by itself|as long as it may be)$/),
    );
    const words = await page.locator('.difference').allTextContents();
    assert.equal(words[0], '');
    for (const each of words.slice(1)) assert.match(each, /^Differs from the first column from token \d+ on\./);
    await page.locator('.difference').nth(1).getByRole('button', { name: 'Go there' }).click();
    await page.locator('.column').nth(1).locator('.piece.differs.current').waitFor();
    assert.match(await page.locator('.readout').nth(1).innerText(), /^Token \d+: “.*” [\d.e-]+ %; instead: “/);
    await opened.close();
  });

  test('tells how likely each token was, by keyboard and by pointer', async (t) => {
    const opened = await open(await tried(t));
    const { page } = opened;
    await write(opened);
    await settled(opened);
    const column = page.locator('.column').first();
    await column.locator('.output').press('ArrowRight');
    await column.getByText(/^Token 1: “ 10” [\d.]+ %/).waitFor();
    await column.locator('.output').press('End');
    await column.locator('.piece.current').waitFor();
    await column.locator('.piece').nth(2).hover();
    await column.getByText(/^Token 3: “/).waitFor();
    await opened.close();
  });

  test('has the base model where an adapter has no weight, and says what a text was written with', async (t) => {
    const opened = await open(await tried(t));
    const { page } = opened;
    await page.getByLabel('Weight of letters').fill('0');
    await write(opened);
    await settled(opened);
    const [base, letters] = await texts(opened);
    assert.equal(letters, base);
    await page.getByText('The same as in the first column.').waitFor();
    await page.getByLabel('Weight of letters').fill('0.5');
    await page.getByRole('heading', { name: 'letters × 0.5' }).waitFor();
    await page.getByText('written with letters × 0').waitFor();
    await opened.close();
  });

  test('mixes adapters, moves and removes columns with their texts', async (t) => {
    const opened = await open(await tried(t));
    const { page } = opened;
    await write(opened);
    await settled(opened);
    const before = await texts(opened);
    await page.getByRole('button', { name: 'Compare with this: poems' }).click();
    assert.deepEqual(await texts(opened), [before[2], before[0], before[1]]);
    await page.getByRole('button', { name: 'Remove the column Base model' }).click();
    assert.deepEqual(await texts(opened), [before[2], before[1]]);
    const mix = page.getByLabel('Add an adapter to this column');
    await mix.first().selectOption({ label: 'letters' });
    // Nothing is added before the button is pressed.
    assert.equal(await page.getByRole('heading', { name: 'poems + letters' }).count(), 0);
    await page.getByRole('button', { name: 'Add the chosen adapter to this column' }).first().click();
    await page.getByRole('heading', { name: 'poems + letters' }).waitFor();
    await page.getByLabel('Add a column').selectOption({ label: 'Base model' });
    await page.getByRole('button', { name: 'Add the chosen column' }).press('Enter');
    await write(opened);
    await settled(opened);
    assert.deepEqual((await texts(opened)).slice(1), [before[1], before[0]]);
    await opened.close();
  });

  test('stops, and draws the same with the same seed', async (t) => {
    const opened = await open(await tried(t));
    const { page } = opened;
    await page.locator('.sampling summary').click();
    await page.getByLabel('Temperature').fill('2');
    await page.getByLabel('Max new tokens').fill('240');
    await write(opened);
    await page.locator('.piece').nth(3).waitFor();
    await page.keyboard.press('Escape');
    await page.getByText(/^(Stopped|All 3 texts are written)\.$/).waitFor();
    await page.getByLabel('Max new tokens').fill('20');
    await write(opened);
    await settled(opened);
    const first = await texts(opened);
    await write(opened);
    await settled(opened);
    assert.deepEqual(await texts(opened), first);
    await page.getByLabel('Temperature').fill('-1');
    assert.equal(await page.locator('input:invalid').count(), 1);
    await opened.close();
  });

  test('keeps a set of prompts and writes all of them in all columns', async (t) => {
    const made = await tried(t);
    const opened = await open(made);
    const { page, desk } = opened;
    for (const prompt of ['9,', '41,']) {
      await page.getByLabel('Prompt', { exact: true }).fill(prompt);
      await page.getByRole('button', { name: 'Add to prompt set' }).click();
      await page.locator('.set-prompt', { hasText: prompt }).waitFor({ state: 'attached' });
    }
    assert.deepEqual(JSON.parse(readFileSync(desk.promptFile!, 'utf8')), { prompts: ['9,', '41,'] });
    await page.locator('.prompt-set summary').click();
    await page.getByRole('button', { name: 'Write all' }).click();
    await page.getByText('All 6 texts are written.').waitFor();
    await opened.settled();
    assert.match(await page.locator('.set-text').nth(0).innerText(), /^ 10, 11, 12,/);
    assert.match(await page.locator('.set-text').nth(3).innerText(), /^ 42, 43, 44,/);
    assert.match(await page.locator('.set-text').nth(1).innerText(), /differs from the first column/);
    await page.getByRole('button', { name: 'Use the prompt “41,”' }).click();
    assert.equal(await page.getByLabel('Prompt', { exact: true }).inputValue(), '41,');
    await page.getByRole('button', { name: 'Remove the prompt “9,”' }).click();
    await poll(() => !readFileSync(desk.promptFile!, 'utf8').includes('"9,"'));
    await opened.close();
  });

  test('compares what is known of the adapters', async (t) => {
    const opened = await open(await tried(t));
    const { page } = opened;
    const row = page.locator('.comparison tr.different', { hasText: 'r (differs)' }).first();
    await row.waitFor();
    assert.deepEqual(await row.locator('td').allTextContents(), ['–', '4', '2']);
    await opened.close();
  });

  test('goes on while it is hidden, and comes back with texts and settings', async (t) => {
    const made = await tried(t);
    const opened = await open(made);
    await write(opened);
    await opened.hide();
    await opened.show();
    await settled(opened);
    assert.match((await texts(opened))[0]!, /^ 10, 11,/);
    const memory = opened.memory as PlaygroundMemory;
    assert.deepEqual([memory.baseModel, memory.setup.prompt, memory.setup.columns.length], [numbers, '9,', 3]);
    await opened.close();
    const restored = await openPlaygroundPage(pages, { baseModel: numbers, adapter: null }, { memory });
    await restored.page.locator('.column').nth(2).waitFor();
    assert.equal(await restored.page.getByLabel('Prompt', { exact: true }).inputValue(), '9,');
    await restored.close();
  });

  test('says what is wrong with a prompt, an adapter and a model', async (t) => {
    const made = await tried(t);
    const memory = {
      baseModel: numbers,
      setup: { ...defaultSetup, columns: [[], [{ folder: '/nowhere', weight: 1 }]] },
    };
    const opened = await openPlaygroundPage(pages, { baseModel: numbers, adapter: null }, { memory });
    const { page } = opened;
    await page.getByText('This model has no chat template.').waitFor();
    await page.getByRole('button', { name: 'Write', exact: true }).click();
    await page.getByText('Write a prompt first.').waitFor();
    await write(opened);
    await page.getByText('The text is written. One could not be written.').waitFor();
    await page.locator('.text-problem', { hasText: '/nowhere' }).waitFor();
    assert.deepEqual(await flaws(opened), []);
    await opened.close();
    const gone = { baseModel: path.join(made.folder, 'nowhere'), adapter: null };
    const broken = await openPlaygroundPage(pages, gone, { awaits: '[role=alert]:not([hidden])' });
    await broken.page.getByRole('button', { name: 'Try Again' }).waitFor();
    await broken.close();
  });

  test('runs nothing in Restricted Mode, and says so', async () => {
    const options = { isTrusted: false, awaits: 'text=Restricted Mode' };
    const opened = await openPlaygroundPage(pages, { baseModel: numbers, adapter: null }, options);
    assert.ok(!(await opened.page.getByLabel('Prompt', { exact: true }).isVisible()));
    opened.desk.isTrusted = true;
    await opened.feed.feed.changed();
    await opened.page.getByLabel('Prompt', { exact: true }).waitFor();
    await opened.close();
  });
});
