import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TokensRow } from '../../src/run/answers';
import { jsonLines, temporaryFolder, writeRecipe, writeTinyProject } from '../tiny/recipe';
import type { TinyProject } from '../tiny/recipe';
import { testData, withTestData } from '../unit/data/materials';
import { Pages, flaws, poll, withoutBrowser } from './browserPage';
import type { OpenPage } from './browserPage';
import { openPreviewPage } from './previewPage';
import { themes } from './themes';
import type { ThemeName } from './themes';

const screens = '.tsbuild/screens';

/** Sums; of ten rows one is too long to hold anything learnt, and one is cut in its answer. The model reads 32 tokens. */
function mixedRows(count: number): readonly { readonly prompt: string; readonly completion: string }[] {
  return Array.from({ length: count }, (_, at) => ({
    prompt: at % 10 === 3 ? `${at}+`.repeat(20) : `${at} + 1 =\n`,
    completion: at % 10 === 6 ? `${at + 1} `.repeat(15) : ` ${at + 1}`,
  }));
}

describe('the preview in a browser', { skip: withoutBrowser }, () => {
  let pages: Pages;
  before(async () => {
    mkdirSync(screens, { recursive: true });
    pages = await Pages.start();
  });
  after(() => pages.stop());

  const project = async (t: TestContext, count: number, dataset = {}): Promise<TinyProject> => {
    const made = await writeTinyProject(await temporaryFolder(t), { dataset });
    await writeFile(made.data, jsonLines(mixedRows(count)));
    return made;
  };

  for (const theme of Object.keys(themes) as ThemeName[]) {
    test(`has no flaw that axe finds, and none against its policy, in ${theme}`, async (t) => {
      const opened = await openPreviewPage(pages, (await project(t, 40, { eval_split: 0.1 })).recipe, { theme });
      const { page } = opened;
      await page.getByText('From all 36 rows').waitFor();
      await page.locator('.tokens').first().press('ArrowRight');
      assert.deepEqual(await flaws(opened), []);
      await page.screenshot({ path: `${screens}/preview-${theme}.png`, fullPage: true });
      await page.getByRole('button', { name: 'Table' }).click();
      await page.locator('.token-table').first().waitFor();
      assert.deepEqual(await flaws(opened), []);
      assert.deepEqual(await opened.violations(), []);
      await page.screenshot({ path: `${screens}/preview-table-${theme}.png` });
      await opened.close();
    });
  }

  test('shows what `lora tokens` shows', async (t) => {
    const { recipe } = await project(t, 30);
    const printed = execFileSync(process.execPath, ['dist/cli.js', 'tokens', recipe, '--rows', '30', '--json']);
    const expected = JSON.parse(printed.toString()) as TokensRow[];
    const opened = await openPreviewPage(pages, recipe);
    await opened.page.getByRole('button', { name: 'Table' }).click();
    const found: TokensRow[] = [];
    for (const last of [9, 19, 29]) {
      await opened.page.getByText(`Rows ${last - 9}–${last} of 30`).waitFor();
      found.push(...(await rowsInTables(opened)));
      await opened.page.getByRole('button', { name: 'Next rows' }).press('Enter');
    }
    assert.equal(expected.length, 30);
    assert.deepEqual(found, expected);
    await opened.close();
  });

  test('tells learnt, special and cut tokens apart without colour, also for screen readers', async (t) => {
    const opened = await openPreviewPage(pages, (await project(t, 10)).recipe);
    const row = (number: number): ReturnType<typeof opened.page.locator> => opened.page.locator('article').nth(number);
    assert.equal(await row(0).locator('.tokens').textContent(), '<s>0 + 1 =↵\n[learnt:  1</s>]');
    assert.equal(await row(3).getByText('Nothing in this row is learnt').count(), 1);
    assert.match((await row(3).locator('.tokens').textContent())!, /✂ max_length 32\[cut off: .*\]$/);
    assert.match(
      await row(6).innerText(),
      /Longer than max_length: the last \d+ tokens are cut off\. \d+ of them would/,
    );
    const look = await opened.page.evaluate<string>(`(() => {
      const { fontWeight, borderBottomStyle } = getComputedStyle(document.querySelector('.rows .learnt .token'));
      return fontWeight + borderBottomStyle;
    })()`);
    assert.equal(look, '600solid');
    await opened.close();
  });

  test('goes to rows, and to the next one with nothing learnt or cut, by keyboard alone', async (t) => {
    const opened = await openPreviewPage(pages, (await project(t, 95)).recipe);
    const { page } = opened;
    const arrives = (row: number): Promise<void> =>
      page.locator(`article[aria-labelledby="row-${row}"]:focus`).waitFor();
    await page.getByLabel('Go to row').focus();
    await page.keyboard.type('57');
    await page.keyboard.press('Enter');
    await arrives(57);
    await page.getByRole('button', { name: 'Next with nothing learnt' }).press('Enter');
    await arrives(63);
    await page.getByRole('button', { name: 'Next with nothing learnt' }).press('Enter');
    await arrives(73);
    await page.getByRole('button', { name: 'Next that is cut' }).press('Enter');
    await arrives(76);
    await page.getByLabel('Go to row').fill('94');
    await page.keyboard.press('Enter');
    await arrives(94);
    await page.getByRole('button', { name: 'Next that is cut' }).press('Enter');
    await page.getByText('There is no row that is cut from row 95 on.').waitFor();
    await page.getByLabel('Go to row').fill('5000');
    await page.keyboard.press('Enter');
    await page.getByText('The last row is 94.').waitFor();
    await opened.close();
  });

  test('opens the file at a row’s line', async (t) => {
    const made = await project(t, 12);
    const opened = await openPreviewPage(pages, made.recipe);
    await opened.page.getByRole('button', { name: 'Open line 8, row 7' }).click();
    await poll(() => opened.desk.opened.length === 1);
    assert.deepEqual(opened.desk.opened, [{ file: made.data, line: 8 }]);
    await opened.close();
  });

  test('counts what is cut and what teaches nothing', async (t) => {
    const opened = await openPreviewPage(pages, (await project(t, 50)).recipe);
    const { page } = opened;
    await page.getByText('From all 50 rows').waitFor();
    const figure = (name: string): Promise<string> =>
      page.locator('dl.figures > div', { hasText: name }).locator('dd').innerText();
    assert.equal(await figure('Nothing learnt'), '10 %');
    assert.equal(await figure('Rows cut'), '20 %');
    await page.getByText('10 % of the rows teach nothing').waitFor();
    assert.equal(await page.locator('.bar.bad title').textContent(), '0: 5 rows');
    assert.equal(await page.locator('.limit-label').textContent(), 'max_length 32');
    await opened.close();
  });

  test('follows recipe and data with the row in view, and survives what is wrong with them', async (t) => {
    const made = await project(t, 40);
    const opened = await openPreviewPage(pages, made.recipe);
    const { page, feed, desk } = opened;
    await page.getByLabel('Go to row').fill('25');
    await page.keyboard.press('Enter');
    await page.getByText('Rows 20–29 of 40').waitFor();
    assert.deepEqual(desk.watched.at(-1), made.data);
    const top = (): Promise<number> =>
      page.evaluate<number>('document.getElementById("row-25").getBoundingClientRect().top');
    const before = await top();

    desk.text = readFileSync(made.recipe, 'utf8').replace('"max_length": 32', '"max_length": 12');
    await feed.feed.changed();
    await page.getByText('✂ max_length 12').first().waitFor();
    await opened.settled();
    assert.ok(Math.abs((await top()) - before) < 2, `the row moved by ${(await top()) - before} pixels`);

    desk.text = desk.text.replace('"train.jsonl"', '"train.jsonl", "columns": { "prompt": "question" }');
    await feed.feed.changed();
    await page.getByText('the rows have no such column').waitFor();
    await page.getByText('What is shown below is from before').waitFor();
    assert.deepEqual(await flaws(opened), []);
    await page.screenshot({ path: `${screens}/preview-problem.png` });
    await page.getByRole('button', { name: /^Open tiny\.lora\.json:\d+$/ }).click();
    await poll(() => desk.opened.length === 1);
    assert.match(desk.text.split('\n')[desk.opened[0]!.line! - 1]!, /question/);

    desk.text = null;
    await writeFile(made.data, jsonLines(mixedRows(22)));
    await feed.feed.changed();
    await page.getByText('Rows 20–21 of 22').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    await opened.close();
  });

  test('names a bad line beside the rows that can be read', async (t) => {
    const made = await project(t, 0);
    await writeFile(made.data, `${jsonLines(mixedRows(4))}{"prompt": \n${jsonLines(mixedRows(4))}`);
    const opened = await openPreviewPage(pages, made.recipe);
    const { page, desk } = opened;
    await page.getByText('Training would stop here: This row cannot be used: it is not valid JSON').waitFor();
    assert.match(await page.locator('article').nth(4).innerText(), /This row cannot be used/);
    await page.getByRole('button', { name: 'Open train.jsonl:5' }).click();
    await poll(() => desk.opened.length === 1);
    assert.deepEqual(desk.opened, [{ file: made.data, line: 5 }]);
    await opened.close();
  });

  test('says what is missing, and shows the rows once it is there', async (t) => {
    const made = await project(t, 5);
    await writeRecipe(made, { base_model: 'nowhere' });
    const opened = await openPreviewPage(pages, made.recipe, { awaits: '[role=alert]' });
    const { page } = opened;
    await page.getByRole('button', { name: 'Open tiny.lora.json:2' }).waitFor();
    assert.deepEqual(await flaws(opened), []);
    await writeRecipe(made, {});
    await page.getByRole('button', { name: 'Try Again' }).click();
    await page.getByText('Rows 0–4 of 5').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    await opened.close();
  });

  test('runs nothing in Restricted Mode, and says so', async (t) => {
    const { recipe } = await project(t, 5);
    const opened = await openPreviewPage(pages, recipe, { isTrusted: false, awaits: 'text=Restricted Mode' });
    assert.equal(await opened.page.locator('article').count(), 0);
    assert.deepEqual(opened.desk.watched, []);
    opened.desk.isTrusted = true;
    await opened.feed.feed.changed();
    await opened.page.getByText('Rows 0–4 of 5').waitFor();
    await opened.close();
  });

  test('comes back to its row and its table', async (t) => {
    const { recipe } = await project(t, 60);
    const memory = { recipe, row: 34, isTable: true };
    const opened = await openPreviewPage(pages, recipe, { memory, awaits: '.token-table' });
    await opened.page.getByText('Rows 30–39 of 60').waitFor();
    assert.deepEqual(opened.memory, memory);
    await opened.hide();
    await opened.show();
    await opened.page.getByText('Rows 30–39 of 60').waitFor();
    await opened.close();
  });

  test('stays smooth with rows of 10,000 tokens', async (t) => {
    const made = await project(t, 0);
    const long = Array.from({ length: 4 }, (_, at) => ({ prompt: `${at}\n`, completion: 'word '.repeat(2000) }));
    await writeFile(made.data, jsonLines(long));
    const opened = await openPreviewPage(pages, made.recipe, { awaits: 'article' });
    const { page } = opened;
    for (let click = 0; click < 10; click++) await page.locator('.more').first().click();
    assert.equal(await page.locator('article').first().locator('.token').count(), 10_004);
    const frames = await page.evaluate<number[]>(framesWhileScrolling);
    frames.sort((a, b) => a - b);
    const at = (share: number): string => `${frames[Math.floor(share * (frames.length - 1))]!.toFixed(1)} ms`;
    t.diagnostic(`frame time over rows of 10,000 tokens: median ${at(0.5)}, 95 % ${at(0.95)}, longest ${at(1)}`);
    assert.ok(frames.length > 0 && frames.every((time) => time > 0));
    await opened.close();
  });

  test('shows real instructions for a real model', withTestData, async (t) => {
    const made = await writeTinyProject(await temporaryFolder(t), {
      base_model: path.join(testData, 'models/stories15M'),
      dataset: { path: path.join(testData, 'datasets/rasbt-instruction-data.json'), max_length: 128, eval_split: 0.05 },
    });
    const opened = await openPreviewPage(pages, made.recipe, { theme: 'light' });
    await opened.page.getByText('From all 1,045 rows').waitFor();
    assert.deepEqual(await flaws(opened), []);
    await opened.page.screenshot({ path: `${screens}/preview-real.png`, fullPage: true });
    await opened.close();
  });
});

/** Scrolls down and up, a step a frame, and measures from frame to frame. */
const framesWhileScrolling = `(async () => {
  const times = [];
  let last;
  for (let at = 0; at < 120; at++) {
    window.scrollBy(0, at < 60 ? 200 : -200);
    const now = await new Promise((done) => requestAnimationFrame(done));
    if (last !== undefined) times.push(now - last);
    last = now;
  }
  return times;
})()`;

/** What the tables say that the model sees, as `lora tokens --json` has it. */
async function rowsInTables({ page }: OpenPage): Promise<TokensRow[]> {
  const tables = await page.evaluate<
    [number, string[][]][]
  >(`[...document.querySelectorAll('article')].map((article) => [
    Number(article.querySelector('h3').textContent.replace('Row ', '').replaceAll(',', '')),
    [...article.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent)),
  ])`);
  return tables.map(([row, cells]) => ({
    row,
    tokens: cells
      .filter(([, , , , seen]) => seen === 'yes')
      .map(([, text, id, supervised]) => ({
        id: Number(id),
        text: JSON.parse(`"${text!.replaceAll('"', '\\"')}"`) as string,
        supervised: supervised === 'yes',
      })),
  }));
}
