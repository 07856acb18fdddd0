import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { TokensRow } from '../../src/run/answers';
import type { PreviewPage, PreviewSample } from '../../src/run/preview';
import type { PreviewSource } from '../../src/host/views/preview/previewSource';
import { lora } from '../tiny/lora';
import { jsonLines, temporaryFolder, tinyRows, writeRecipe, writeTinyProject } from '../tiny/recipe';
import { TestEngine } from './engine';

const params = (recipeFile: string, text: string | null = null): Parameters<PreviewSource['sample']>[0] => ({
  recipeFile,
  text,
});

function rowsOf(page: PreviewPage): Extract<PreviewPage, { readonly is: 'rows' }>['rows'] {
  assert.ok(page.is === 'rows');
  return page.rows;
}

/** What a page says that the model sees, as `lora tokens --json` has it. */
function seen(page: PreviewPage): TokensRow[] {
  return rowsOf(page).map((row) => {
    assert.ok(row.problem === null);
    const tokens = row.tokens.slice(0, row.seen).map(({ id, text, supervised }) => ({ id, text, supervised }));
    return { row: row.row, tokens };
  });
}

async function wholeSample(preview: PreviewSource, recipe: string): Promise<PreviewSample> {
  for (;;) {
    const sample = await preview.sample(params(recipe));
    if (sample.isDone) return sample;
  }
}

describe('an engine process shows', () => {
  test('the rows of `lora tokens`, those set aside for evaluation besides', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t), {
      dataset: { eval_split: 0.2, max_length: 12 },
    });
    const { preview } = new TestEngine(t).client;
    const { stdout } = await lora(['tokens', recipe, '--rows', '100', '--json']);
    const page = await preview.rows(params(recipe), 0, 100);
    const trained = new Set(rowsOf(page).flatMap(({ row, isEvaluation }) => (isEvaluation ? [] : [row])));
    assert.equal(rowsOf(page).length, 24);
    assert.equal(trained.size, 19);
    assert.deepEqual(
      seen(page).filter(({ row }) => trained.has(row)),
      JSON.parse(stdout),
    );
  });

  test('what is cut off, and the line of each row', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t), { dataset: { max_length: 8 } });
    const { preview } = new TestEngine(t).client;
    const [first, second] = rowsOf(await preview.rows(params(recipe), 5, 2));
    assert.ok(first?.problem === null);
    // `<s>5 + 0 =` and ` 5!!!!!</s>`
    assert.deepEqual([first.row, first.line, first.seen, first.length, first.supervised], [5, 6, 8, 16, 0]);
    assert.equal(first.tokens.map(({ text }) => text).join(''), '<s>5 + 0 = 5!!!!!</s>');
    assert.deepEqual([first.tokens[0]!.special, first.tokens[1]!.special], [true, false]);
    assert.equal(second?.line, 7);
  });

  test('lengths of all rows, and finds the next row of a kind', async (t) => {
    const { recipe } = await writeTinyProject(await temporaryFolder(t), { dataset: { max_length: 11 } });
    const { preview } = new TestEngine(t).client;
    const { lengths, supervised, isWhole } = await wholeSample(preview, recipe);
    const expected = tinyRows().map(({ prompt, completion }) => prompt.length + completion.length + 2);
    assert.equal(isWhole, true);
    assert.deepEqual(lengths, expected);
    assert.deepEqual(
      supervised,
      tinyRows().map(({ prompt }, at) => Math.max(0, Math.min(11, expected[at]!) - prompt.length - 1)),
    );
    const cut = expected.findIndex((length, at) => at > 6 && length > 11);
    assert.deepEqual(await preview.search(params(recipe), 'truncated', 7), { found: cut, next: cut + 1, isEnd: false });
    assert.deepEqual(await preview.search(params(recipe), 'unsupervised', 0), { found: null, next: 24, isEnd: true });
  });

  test('what an editor has not saved yet, and what was saved meanwhile', async (t) => {
    const made = await writeTinyProject(await temporaryFolder(t));
    const { preview } = new TestEngine(t).client;
    const page = await preview.rows(params(made.recipe), 0, 1);
    const unsaved = `{ "base_model": "model", "dataset": { "path": "train.jsonl", "max_length": 5 } }`;
    assert.equal((await preview.rows(params(made.recipe, unsaved), 0, 1)).about.maxLength, 5);
    assert.deepEqual(await preview.rows(params(made.recipe), 0, 1), page);
    await writeFile(made.data, jsonLines([{ prompt: 'other', completion: '.' }]));
    assert.equal(
      seen(await preview.rows(params(made.recipe), 0, 9))[0]!
        .tokens.map(({ text }) => text)
        .join(''),
      '<s>other.</s>',
    );
  });

  test('data whose adapter would not fit, and says what is wrong with model and data', async (t) => {
    const made = await writeTinyProject(await temporaryFolder(t), { lora: { target_modules: ['nowhere'] } });
    const { preview } = new TestEngine(t).client;
    assert.equal(rowsOf(await preview.rows(params(made.recipe), 0, 3)).length, 3);
    const fails = async (code: string, changes: Parameters<typeof writeRecipe>[1]): Promise<void> => {
      await writeRecipe(made, changes);
      await assert.rejects(preview.rows(params(made.recipe), 0, 3), { name: 'Failure', code });
      await assert.rejects(preview.sample(params(made.recipe)), { name: 'Failure', code });
    };
    await fails('dataset-missing', { dataset: { path: 'nowhere.jsonl' } });
    await fails('dataset-column-missing', { dataset: { columns: { prompt: 'question' } } });
    await fails('model-missing', { base_model: './nowhere' });
    await writeRecipe(made, {});
    assert.equal(rowsOf(await preview.rows(params(made.recipe), 0, 3)).length, 3);
  });

  test('a row that cannot be used, in its place', async (t) => {
    const made = await writeTinyProject(await temporaryFolder(t));
    await writeFile(made.data, `${jsonLines(tinyRows(2))}{"prompt": 1}\n${jsonLines(tinyRows(1))}`);
    const { preview } = new TestEngine(t).client;
    const rows = rowsOf(await preview.rows(params(made.recipe), 0, 9));
    assert.deepEqual(
      rows.map(({ line, problem }) => [line, problem?.code]),
      [
        [1, undefined],
        [2, undefined],
        [3, 'dataset-row-invalid'],
        [4, undefined],
      ],
    );
    const { broken, problem, lengths } = await wholeSample(preview, made.recipe);
    assert.deepEqual([broken, problem?.place?.line, lengths.length], [1, 3, 3]);
  });
});

test('the first rows of a file of 300 MB are there at once, a row in its middle after counting up to it', async (t) => {
  const made = await writeTinyProject(await temporaryFolder(t), { dataset: { eval_split: 0.05 } });
  const megabytes = 300;
  const perMegabyte = 4096;
  const file = openSync(made.data, 'w');
  for (let megabyte = 0; megabyte < megabytes; megabyte++) {
    const rows = Array.from({ length: perMegabyte }, (_, at) => {
      const start = `{"prompt":"${megabyte * perMegabyte + at}=","completion":"`;
      return `${start}${'x'.repeat(254 - start.length - 1)}"}\n`;
    });
    writeSync(file, rows.join(''));
  }
  closeSync(file);
  const { preview } = new TestEngine(t).client;
  await preview.sample(params((await writeTinyProject(await temporaryFolder(t))).recipe));
  const began = performance.now();
  const first = await preview.rows(params(made.recipe), 0, 10);
  const opened = performance.now() - began;
  assert.equal(rowsOf(first).length, 10);
  const rows = megabytes * perMegabyte;
  assert.ok(Math.abs(first.about.rowCount / rows - 1) < 0.01);

  const wanted = rows / 2 + 7;
  let longest = 0;
  const ask = async (): Promise<PreviewPage> => {
    const asked = performance.now();
    const answer = await preview.rows(params(made.recipe), wanted, 1);
    longest = Math.max(longest, performance.now() - asked);
    return answer;
  };
  let page = await ask();
  while (page.is === 'later') page = await ask();
  const found = performance.now() - began - opened;
  assert.match(
    seen(page)[0]!
      .tokens.map(({ text }) => text)
      .join(''),
    new RegExp(`^<s>${wanted}=`),
  );
  assert.deepEqual(await preview.place(params(made.recipe), wanted), { file: made.data, line: wanted + 1 });
  t.diagnostic(
    `first rows after ${opened.toFixed(0)} ms, row ${wanted} after ${found.toFixed(0)} ms more, no answer over ${longest.toFixed(0)} ms`,
  );
  // Generous for a busy machine; how long the counting takes is up to the disk, how long an answer takes is not.
  assert.ok(opened < 5000, `first rows after ${opened} ms`);
  assert.ok(longest < 5000, `an answer took ${longest} ms`);
});
