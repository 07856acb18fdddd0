import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { writeTinyAdapter } from '../tiny/adapter';
import { temporaryFolder } from '../tiny/recipe';
import { Pages, flaws, withoutBrowser } from './browserPage';
import { openPlaygroundPage } from './playgroundPage';
import type { OpenPlaygroundPage } from './playgroundPage';
import { themes } from './themes';
import type { ThemeName } from './themes';

const screens = '.tsbuild/screens';

/** The model of numbers with a chat template that puts messages one behind the other. */
function writeChatModel(folder: string): string {
  cpSync('examples/numbers/model', folder, { recursive: true });
  const file = path.join(folder, 'tokenizer_config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  const template = '{% for message in messages %}{{ message.content }}{% endfor %}';
  writeFileSync(file, JSON.stringify({ ...config, chat_template: template }));
  return folder;
}

describe('a conversation in the playground', { skip: withoutBrowser }, () => {
  let pages: Pages;
  before(async () => {
    mkdirSync(screens, { recursive: true });
    pages = await Pages.start();
  });
  after(() => pages.stop());

  /** A chat model beside an adapter, with answers of six numbers. */
  const open = async (t: TestContext, theme?: ThemeName): Promise<OpenPlaygroundPage> => {
    const folder = await temporaryFolder(t);
    const baseModel = writeChatModel(path.join(folder, 'chat'));
    const adapters = [path.join(folder, 'letters'), path.join(folder, 'poems')] as const;
    await writeTinyAdapter(adapters[0], baseModel);
    await writeTinyAdapter(adapters[1], baseModel, { r: 2 }, 5);
    const options = { adapters, ...(theme === undefined ? {} : { theme }) };
    const opened = await openPlaygroundPage(pages, { baseModel, adapter: null }, options);
    const columns = [[], [{ folder: adapters[0], weight: 1 }]];
    opened.feed.feed.show({ columns, replaces: true, isComparison: false });
    await opened.page.locator('.column').nth(1).waitFor();
    await opened.page.locator('.sampling summary').click();
    await opened.page.getByLabel('Max new tokens').fill('12');
    return opened;
  };
  const prompt = ({ page }: OpenPlaygroundPage) => page.getByLabel('Prompt', { exact: true });
  const say = async (opened: OpenPlaygroundPage, text: string): Promise<void> => {
    await prompt(opened).fill(text);
    await prompt(opened).press('Control+Enter');
    await over(opened);
  };
  const over = async (opened: OpenPlaygroundPage): Promise<void> => {
    await opened.page.getByText(/^All \d texts are written\.$/).waitFor();
    await opened.settled();
  };
  const outputs = ({ page }: OpenPlaygroundPage): Promise<readonly string[]> =>
    page.locator('.output').allTextContents();
  const turns = (opened: OpenPlaygroundPage, column: number): Promise<readonly string[]> =>
    opened.page.locator('.column').nth(column).locator('.turns p').allTextContents();

  for (const theme of Object.keys(themes) as ThemeName[]) {
    test(`has no flaw that axe finds, and none against its policy, in ${theme}`, async (t) => {
      const opened = await open(t, theme);
      await say(opened, '9,');
      await say(opened, ' 41,');
      assert.deepEqual(await flaws(opened), []);
      assert.deepEqual(await opened.violations(), []);
      await opened.page.screenshot({ path: `${screens}/conversation-${theme}.png`, fullPage: true });
      await opened.close();
    });
  }

  test('goes on in each column with its own answers', async (t) => {
    const opened = await open(t);
    const { page } = opened;
    assert.ok(await page.getByLabel('Chat', { exact: true }).isChecked());
    await say(opened, '9,');
    const [base, letters] = await outputs(opened);
    assert.equal(base, ' 10, 11, 12, 13, 14, 15,');
    // The prompt is in the conversation now, and the form is ready for the next one.
    assert.equal(await prompt(opened).inputValue(), '');
    assert.deepEqual(await turns(opened, 0), ['You9,']);
    await page.getByText('Prompt 2 comes next: each column goes on with its own answers.').waitFor();
    await say(opened, ' 41,');
    assert.deepEqual(await turns(opened, 0), ['You9,', `Answer${base}`, 'You 41,']);
    assert.deepEqual(await turns(opened, 1), ['You9,', `Answer${letters}`, 'You 41,']);
    assert.match((await outputs(opened))[0]!, /^ 42,/);
    await opened.close();
  });

  test('writes the last prompt again, edits it, and starts over', async (t) => {
    const opened = await open(t);
    const { page } = opened;
    const act = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
    await say(opened, '9,');
    await say(opened, ' 41,');
    const before = await outputs(opened);
    await prompt(opened).fill('a draft');
    await act('Write last prompt again');
    await over(opened);
    assert.deepEqual([await outputs(opened), (await turns(opened, 0)).length], [before, 3]);
    assert.equal(await prompt(opened).inputValue(), 'a draft');
    await prompt(opened).fill('');
    await act('Edit last prompt');
    assert.equal(await prompt(opened).inputValue(), ' 41,');
    await act('Keep last prompt');
    assert.equal(await prompt(opened).inputValue(), '');
    await act('Edit last prompt');
    await page.getByText('takes the place of prompt 2 in all columns').waitFor();
    await say(opened, ' 71,');
    assert.deepEqual(
      (await turns(opened, 0)).filter((text) => text.startsWith('You')),
      ['You9,', 'You 71,'],
    );
    assert.notDeepEqual(await outputs(opened), before);
    await act('Start over');
    assert.deepEqual([await outputs(opened), await turns(opened, 0)], [['', ''], []]);
    await page.getByText('Prompt 2 comes next').waitFor({ state: 'hidden' });
    await say(opened, '9,');
    assert.deepEqual(await turns(opened, 0), ['You9,']);
    await opened.close();
  });

  test('says whose an answer is where it is not the column’s own, and comes back after it was hidden', async (t) => {
    const opened = await open(t);
    const { page } = opened;
    await say(opened, '9,');
    await page.getByLabel('Weight of letters').fill('0.5');
    await page.getByLabel('Add a column').selectOption({ label: 'poems (poems)' });
    await page.getByRole('button', { name: 'Add the chosen column' }).click();
    await say(opened, ' 41,');
    const answers = await Promise.all([0, 1, 2].map(async (column) => (await turns(opened, column))[1]));
    assert.match(answers[0]!, /^Answer 10, 11/);
    assert.match(answers[1]!, /^Answer of letters/);
    assert.match(answers[2]!, /^Answer of Base model 10, 11/);
    const before = await outputs(opened);
    await opened.hide();
    await opened.show();
    await over(opened);
    assert.deepEqual(await outputs(opened), before);
    await page.getByText('Prompt 3 comes next').waitFor();
    await page.getByLabel('Completion', { exact: true }).check();
    await page.getByText('Prompt 3 comes next').waitFor({ state: 'hidden' });
    await opened.close();
  });
});
