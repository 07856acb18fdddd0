import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { defaultDatasetLimits } from '../../../src/engine/data/dataset';
import type { Dataset } from '../../../src/engine/data/dataset';
import { byteTokenizer, chatTemplate, collect, failsWith, openRows, openTestDataset, shown, tiny } from './materials';
import type { OpenOptions } from './materials';

const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ text: `row ${n}` }));
for (const [size, limits] of [
  ['small', defaultDatasetLimits],
  ['large', tiny],
] as const) {
  describe(`order of a ${size} file`, () => {
    const order = async (dataset: Dataset, epoch: number, skip?: number) =>
      (await collect(dataset.examples(epoch, skip))).map((example) =>
        Buffer.from(example.ids.subarray(5, -1)).toString(),
      );
    const all = numbered(101).map(({ text }) => text.slice(4));

    test('unshuffled is the order of the file', async (t) => {
      assert.deepEqual(await order(await openRows(t, numbered(101), { limits }), 0), all);
    });

    test('shuffled depends on seed and epoch alone, and holds every row once', async (t) => {
      const shuffled = (seed: number) => openRows(t, numbered(101), { limits, shuffle: true, seed });
      const first = await order(await shuffled(1), 0);
      assert.deepEqual([...first].sort(), [...all].sort());
      assert.deepEqual(await order(await shuffled(1), 0), first);
      assert.notDeepEqual(await order(await shuffled(1), 1), first);
      assert.notDeepEqual(await order(await shuffled(2), 0), first);
      assert.notDeepEqual(first, all);
    });

    test('goes on after any row', async (t) => {
      const dataset = await openRows(t, numbered(101), { limits, shuffle: true });
      const whole = await order(dataset, 3);
      for (let skip = 0; skip <= 101; skip += 7) assert.deepEqual(await order(dataset, 3, skip), whole.slice(skip));
    });

    test('an evaluation part and the training part have every row once together', async (t) => {
      const part = async (name: 'train' | 'eval', seed: number) =>
        order(await openRows(t, numbered(101), { limits, evalSplit: 0.1, part: name, seed }), 0);
      const held = await part('eval', 1);
      const kept = await part('train', 1);
      assert.deepEqual([...held, ...kept].sort(), [...all].sort());
      assert.ok(held.length >= 5 && held.length <= 20, String(held.length));
      if (size === 'small') assert.equal(held.length, 11);
      assert.notDeepEqual(await part('eval', 2), held);
    });

    test('the number of rows is known, or estimated', async (t) => {
      const dataset = await openRows(t, numbered(101), { limits, evalSplit: 0.1 });
      assert.equal(dataset.rowCountIsExact, size === 'small');
      assert.ok(Math.abs(dataset.rowCount - 90) < 10, String(dataset.rowCount));
      const statistics = await dataset.statistics();
      assert.equal(statistics.rows, dataset.rowCount);
      assert.equal(statistics.estimated, size === 'large');
      assert.ok(Math.abs(statistics.tokens - 90 * 7.9) < 90, String(statistics.tokens));
    });
  });
}

test('a split that leaves nothing to train on is refused', async (t) => {
  await assert.rejects(
    openRows(t, [{ text: 'a' }], { evalSplit: 0.05 }),
    failsWith('dataset-eval-split', /1 row\b.*eval_path/),
  );
});

test('a second epoch gives the same rows from memory, within its bound', async (t) => {
  for (const cacheBytes of [0, 1000, 2 ** 20]) {
    const dataset = await openRows(t, numbered(20), { limits: { ...defaultDatasetLimits, cacheBytes } });
    assert.deepEqual(await collect(dataset.examples(1)), await collect(dataset.examples(0)));
  }
});

describe('Parquet', () => {
  const fixture = (name: string) => path.join('test', 'unit', 'data', 'fixtures', name);
  const rowsOf = async (t: TestContext, name: string, options: OpenOptions = {}) => {
    const { limits, chatTemplate: template } = options;
    const more = {
      ...(template === undefined ? {} : { chatTemplate: template }),
      ...(limits === undefined ? {} : { limits }),
    };
    return openTestDataset(t, { path: fixture(name), ...options }, await byteTokenizer(t), more);
  };

  test('the same rows from one group, several groups and parts of groups', async (t) => {
    const one = await shown(await rowsOf(t, 'rows-snappy.parquet'));
    assert.equal(one.length, 39);
    assert.equal(one[38], '^What is 38 + Ã©?«Row 38$»');
    assert.deepEqual(await shown(await rowsOf(t, 'rows-zstd.parquet')), one);
    for (const windowBytes of [100, 300, 100_000]) {
      const dataset = await rowsOf(t, 'rows-zstd.parquet', { limits: { ...tiny, windowBytes } });
      assert.deepEqual(await shown(dataset), one);
      const shuffled = await rowsOf(t, 'rows-zstd.parquet', { limits: { ...tiny, windowBytes }, shuffle: true });
      const order = (await collect(shuffled.examples(0))).map(({ row }) => row);
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        [...Array(39).keys()],
      );
      assert.notDeepEqual(order, [...Array(39).keys()]);
    }
  });

  test('conversations', async (t) => {
    const [first] = await shown(await rowsOf(t, 'rows-chats.parquet', { chatTemplate }));
    assert.equal(first, 'u:Hello there!%a:«Hi. How can I help?%»');
  });

  test('a bad row is named by its number', (t) =>
    assert.rejects(rowsOf(t, 'rows-null.parquet'), failsWith('dataset-row-invalid', /Row 40 .*"completion" is null/)));
});
