import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { RowBrowser } from '../../../src/engine/data/rowBrowser';
import type { BrowseOptions } from '../../../src/engine/data/rowBrowser';
import { defaultLimits } from '../../../src/engine/data/sources/rowSource';
import type { SourceLimits } from '../../../src/engine/data/sources/rowSource';
import type { Tokenizer } from '../../../src/engine/data/tokenizer';
import { byteTokenizer, collect, datasetDefaults, failsWith, openTestDataset, temporaryFile, tiny } from './materials';

interface Opened {
  readonly browser: RowBrowser;
  readonly tokenizer: Tokenizer;
}

async function open(
  t: TestContext,
  file: string,
  limits: SourceLimits,
  options: Partial<BrowseOptions> = {},
): Promise<Opened> {
  const tokenizer = await byteTokenizer(t);
  const browser = await RowBrowser.open({ ...datasetDefaults, path: file, ...options }, tokenizer, undefined, limits);
  t.after(() => browser.close());
  return { browser, tokenizer };
}

const never = (): boolean => false;
const always = (): boolean => true;

/** The text of a row; how the search for it ended where it has none. */
async function textOf({ browser, tokenizer }: Opened, row: number, isOver = never): Promise<string> {
  const sought = await browser.seek(row, isOver);
  if (sought.is !== 'found') return sought.is;
  return tokenizer.decode(browser.encode(sought.found).ids, { skipSpecialTokens: true });
}

const count = 60;
const words = Array.from({ length: count }, (_, row) => `row ${row} ${'x'.repeat(row % 17)}`);
const files = {
  'a.jsonl': words.map((text) => `${JSON.stringify({ text })}\n`).join(''),
  'a.json': JSON.stringify(words.map((text) => ({ text }))),
  'a.csv': `text\n${words.join('\n')}\n`,
  'a.txt': words.join('\n\n'),
};

describe('any row of a file is found by its number', () => {
  for (const [name, content] of Object.entries(files)) {
    for (const [size, limits] of Object.entries({ small: defaultLimits, large: tiny })) {
      test(`${size} ${name}`, async (t) => {
        const opened = await open(t, temporaryFile(t, name, content), limits);
        for (const row of [40, 3, 59, 0, 41, 17]) assert.equal(await textOf(opened, row), words[row]);
        assert.equal(await textOf(opened, count), 'beyond');
        assert.deepEqual([opened.browser.rowCount, opened.browser.rowCountIsExact], [count, true]);
      });
    }
  }

  test('Parquet, without reading what is before it', async (t) => {
    const file = 'test/unit/data/fixtures/rows-zstd.parquet';
    const all = await open(t, file, defaultLimits);
    const parts = await open(t, file, { ...tiny, windowBytes: 64 });
    const { rowCount } = all.browser;
    assert.ok(rowCount > 5);
    for (const row of [rowCount - 1, 0, 3]) assert.equal(await textOf(parts, row, always), await textOf(all, row));
    assert.equal(await textOf(parts, rowCount), 'beyond');
  });
});

describe('in a large file', () => {
  test('rows are counted as far as the time goes, and further the next time', async (t) => {
    const opened = await open(t, temporaryFile(t, 'a.jsonl', files['a.jsonl']), tiny);
    const counted: number[] = [];
    const isOver = (): (() => boolean) => {
      let looks = 0;
      return () => ++looks > 2;
    };
    while ((await textOf(opened, 50, isOver())) === 'later') counted.push(opened.browser.countedRows);
    assert.ok(counted.length > 3, String(counted));
    assert.ok(counted.every((rows, at) => at === 0 || rows > counted[at - 1]!));
    assert.equal(await textOf(opened, 50), words[50]);
    assert.equal(opened.browser.rowCountIsExact, false);
  });

  test('the first rows are there at once', async (t) => {
    const opened = await open(t, temporaryFile(t, 'a.jsonl', files['a.jsonl']), tiny);
    await textOf(opened, 0);
    assert.equal(await textOf(opened, 1, always), words[1]);
  });

  test('of one JSON array an earlier row is found again, a moment at a time', async (t) => {
    const opened = await open(t, temporaryFile(t, 'a.json', files['a.json']), { ...tiny, windowBytes: 100 });
    assert.equal(await textOf(opened, 59), words[59]);
    let moments = 0;
    while ((await textOf(opened, 20, always)) === 'later') moments++;
    assert.ok(moments > 1, String(moments));
    assert.equal(await textOf(opened, 20, always), words[20]);
  });

  test('a row’s line is known when it is asked for', async (t) => {
    const { browser } = await open(t, temporaryFile(t, 'a.txt', files['a.txt']), tiny);
    const sought = await browser.seek(30, never);
    assert.ok(sought.is === 'found');
    assert.equal(sought.found.block.findLine(sought.found.index), 61);
  });
});

describe('rows that are set aside for evaluation', () => {
  for (const [size, limits] of Object.entries({ small: defaultLimits, large: tiny })) {
    test(`are told from those that are trained on, in a ${size} file`, async (t) => {
      const file = temporaryFile(t, 'a.jsonl', files['a.jsonl']);
      const opened = await open(t, file, limits, { evalSplit: 0.25 });
      const more = { limits: size === 'small' ? { ...tiny, ...defaultLimits } : tiny };
      const dataset = await openTestDataset(t, { path: file, evalSplit: 0.25 }, opened.tokenizer, more);
      const trained = (await collect(dataset.rows(Infinity))).map(({ ids }) =>
        opened.tokenizer.decode(ids, { skipSpecialTokens: true }),
      );
      const found: string[] = [];
      for (let row = 0; row < count; row++) {
        const sought = await opened.browser.seek(row, never);
        if (sought.is === 'found' && sought.found.isOfPart) found.push(await textOf(opened, row));
      }
      assert.ok(found.length > 30 && found.length < count);
      assert.deepEqual(found, trained);
    });
  }
});

test('a row that cannot be used is named when it is read, not when the file is opened', async (t) => {
  const file = temporaryFile(t, 'a.jsonl', '{"text": "a"}\n{"text": 7}\n{"text": "c"}\n');
  const opened = await open(t, file, defaultLimits);
  assert.equal(await textOf(opened, 2), 'c');
  await assert.rejects(textOf(opened, 1), failsWith('dataset-row-invalid', /"text" is a number/, 2));
  await assert.rejects(opened.browser.checkAll(), failsWith('dataset-row-invalid', /"text" is a number/, 2));
});
