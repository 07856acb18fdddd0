import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { stepsOfEpochs, stepsPerEpoch, windows } from '../../../src/engine/data/batches';
import type { DataCursor, Window, WindowOptions } from '../../../src/engine/data/batches';
import { defaultDatasetLimits } from '../../../src/engine/data/dataset';
import type { Dataset, DatasetLimits, DatasetOptions } from '../../../src/engine/data/dataset';
import { randomStream } from '../../../src/random/randomStream';
import {
  byteTokenizer,
  collect,
  failsWith,
  openTestDataset,
  openTestTokenizer,
  temporaryFile,
  testData,
  withTestData,
} from './materials';

const large: DatasetLimits = { ...defaultDatasetLimits, indexBytes: 0, blockBytes: 500, windowBytes: 2000 };

/** Rows of 10 to 60 tokens; every seventh has nothing to learn, as its prompt alone is longer than that. */
async function openRows(
  t: TestContext,
  count: number,
  options: Partial<DatasetOptions> & { readonly limits?: DatasetLimits } = {},
): Promise<Dataset> {
  const { limits, ...rest } = options;
  const random = randomStream(11);
  const rows = Array.from({ length: count }, (_, n) => ({
    prompt: n % 7 === 3 ? 'long '.repeat(20) : `${n}:`,
    completion: 'x'.repeat(Math.floor(random.uniform() * 50)),
  }));
  const file = temporaryFile(t, 'rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  const more = limits === undefined ? {} : { limits };
  return openTestDataset(t, { path: file, maxLength: 60, shuffle: true, ...rest }, await byteTokenizer(t), more);
}

const options: WindowOptions = { batchSize: 2, accumulation: 3, packing: false, maxLength: 60, epochs: 1 };

const rowsIn = (window: Window) => window.bins.flat().map((example) => Buffer.from(example.ids).toString('latin1'));

describe('windows', () => {
  test('hold batchSize × accumulation rows in the order of the epoch; the last of an epoch is short', async (t) => {
    const dataset = await openRows(t, 40);
    const examples = await collect(dataset.examples(0));
    const made = await collect(windows(dataset, options));
    assert.deepEqual(
      made.map((window) => window.bins.length),
      [6, 6, 6, 6, 6, 4],
    );
    assert.deepEqual(
      made.flatMap((window) => window.bins.map((bin) => bin.length)),
      examples.map(() => 1),
    );
    assert.deepEqual(
      made.flatMap((window) => window.bins.flat().map((example) => [...example.ids])),
      examples.map((example) => [...example.ids]),
    );
    assert.deepEqual(
      made.map((window) => window.endOfEpoch),
      [false, false, false, false, false, true],
    );
  });

  test('count tokens, and those that are learnt without each first one', async (t) => {
    const file = temporaryFile(t, 'rows.jsonl', '{"text":"abc"}\n{"text":"d"}');
    const dataset = await openTestDataset(t, { path: file }, await byteTokenizer(t));
    const [window] = await collect(windows(dataset, options));
    assert.equal(window!.tokens, 8);
    assert.equal(window!.supervisedTokens, 6);
  });

  test('go on with the next epoch in another order, and never span two', async (t) => {
    const dataset = await openRows(t, 20);
    const made = await collect(windows(dataset, { ...options, epochs: 3 }));
    const epochs = [0, 1, 2].map((epoch) => made.filter((window) => window.epoch === epoch).flatMap(rowsIn));
    assert.deepEqual(
      epochs.map((rows) => [...rows].sort()),
      epochs.map(() => [...epochs[0]!].sort()),
    );
    assert.notDeepEqual(epochs[1], epochs[0]);
    assert.notDeepEqual(epochs[2], epochs[1]);
  });

  test('without a number of epochs they never end', async (t) => {
    const dataset = await openRows(t, 5);
    let count = 0;
    for await (const window of windows(dataset, { ...options, epochs: undefined })) {
      assert.equal(window.epoch, count);
      if (++count === 20) break;
    }
    assert.equal(count, 20);
  });
});

describe('packing', () => {
  const packed = { ...options, packing: true };

  test('puts every example in one bin, none of them over maxLength', async (t) => {
    const dataset = await openRows(t, 300);
    const made = await collect(windows(dataset, packed));
    const bins = made.flatMap((window) => window.bins);
    assert.ok(bins.every((bin) => bin.reduce((sum, example) => sum + example.ids.length, 0) <= 60));
    const wanted = (await collect(dataset.examples(0))).map((example) => example.row);
    assert.deepEqual(
      bins
        .flat()
        .map((example) => example.row)
        .sort(),
      wanted.sort(),
    );
  });

  test('lets no example wait long: the oldest begins each bin', async (t) => {
    const dataset = await openRows(t, 300);
    const place = new Map((await collect(dataset.examples(0))).map((example, at) => [example.row, at]));
    const firsts = (await collect(windows(dataset, packed))).flatMap((window) =>
      window.bins.map((bin) => place.get(bin[0]!.row)!),
    );
    assert.deepEqual(
      firsts,
      [...firsts].sort((left, right) => left - right),
    );
  });

  test('fills at least 95 % of 512 tokens with maths problems', withTestData, async (t) => {
    const tokenizer = await openTestTokenizer({ tokenizer: 'tokenizers/gpt2' });
    const file = path.join(testData, 'datasets/gsm8k/test.jsonl');
    const columns = { prompt: 'question', completion: 'answer' };
    const dataset = await openTestDataset(t, { path: file, columns, shuffle: true }, tokenizer);
    const made = await collect(windows(dataset, { ...packed, batchSize: 4, accumulation: 1, maxLength: 512 }));
    const bins = made.reduce((sum, window) => sum + window.bins.length, 0);
    const tokens = made.reduce((sum, window) => sum + window.tokens, 0);
    assert.ok(tokens / (bins * 512) > 0.98, String(tokens / (bins * 512)));
  });
});

describe('a cursor', () => {
  for (const packing of [false, true]) {
    for (const [size, limits] of [
      ['small', defaultDatasetLimits],
      ['large', large],
    ] as const) {
      test(`goes on exactly, at every window${packing ? ' with packing' : ''} of a ${size} file`, async (t) => {
        const dataset = await openRows(t, 400, { limits });
        const wanted = { ...options, packing, epochs: 2 };
        const whole = await collect(windows(dataset, wanted));
        assert.ok(whole.length > 20);
        for (const [at, window] of whole.entries()) {
          const cursor = JSON.parse(JSON.stringify(window.cursor)) as DataCursor;
          const [next] = await take(windows(dataset, wanted, cursor), 1);
          assert.deepEqual(next, whole[at + 1]);
        }
        const middle = Math.floor(whole.length / 3);
        assert.deepEqual(await collect(windows(dataset, wanted, whole[middle]!.cursor)), whole.slice(middle + 1));
      });
    }
  }

  test('of the last window begins the next epoch', async (t) => {
    const dataset = await openRows(t, 13);
    const made = await collect(windows(dataset, options));
    assert.deepEqual(made.at(-1)!.cursor, { epoch: 1, consumed: 0, pending: [] });
    assert.deepEqual(await collect(windows(dataset, options, made.at(-1)!.cursor)), []);
    const [next] = await take(windows(dataset, { ...options, epochs: 2 }, made.at(-1)!.cursor), 1);
    assert.equal(next!.epoch, 1);
  });
});

describe('stepsOfEpochs', () => {
  test('counts what the epochs really take, each packed in its own order', async (t) => {
    const dataset = await openRows(t, 23);
    for (const packing of [false, true]) {
      const settings: WindowOptions = { ...options, accumulation: 1, packing };
      const all = await collect(windows(dataset, { ...settings, epochs: 5 }));
      assert.equal(await stepsOfEpochs(dataset, settings, 5), all.length);
    }
  });

  test('rounds a part of an epoch up', async (t) => {
    const dataset = await openRows(t, 40);
    assert.equal(await stepsOfEpochs(dataset, options, 0.5), 3);
    assert.equal(await stepsOfEpochs(dataset, options, 1.25), 8);
  });
});

describe('stepsPerEpoch', () => {
  test('is exact for a small file', async (t) => {
    const dataset = await openRows(t, 400);
    for (const packing of [false, true]) {
      const made = await collect(windows(dataset, { ...options, packing }));
      assert.deepEqual(await stepsPerEpoch(dataset, { ...options, packing }), { steps: made.length, estimated: false });
    }
  });

  test('is near for a large one, and says so', async (t) => {
    const dataset = await openRows(t, 3000, { limits: large });
    for (const packing of [false, true]) {
      const made = await collect(windows(dataset, { ...options, packing }));
      const { steps, estimated } = await stepsPerEpoch(dataset, { ...options, packing });
      assert.ok(estimated);
      assert.ok(Math.abs(steps / made.length - 1) < 0.15, `${steps} for ${made.length}`);
    }
  });

  test('refuses a dataset with nothing to learn', async (t) => {
    const file = temporaryFile(t, 'rows.jsonl', '{"prompt":"abcdefgh","completion":"i"}\n'.repeat(9));
    for (const limits of [defaultDatasetLimits, large]) {
      for (const packing of [false, true]) {
        const dataset = await openTestDataset(t, { path: file, maxLength: 8 }, await byteTokenizer(t), { limits });
        await assert.rejects(
          stepsPerEpoch(dataset, { ...options, packing }),
          failsWith('dataset-all-masked', /9 rows/),
        );
      }
    }
  });

  test('without packing needs the number of rows alone, so a file of any indexed size has it exactly', async (t) => {
    const file = temporaryFile(t, 'rows.jsonl', '{"text":"abcdefgh"}\n'.repeat(1001));
    const limits = { ...defaultDatasetLimits, exactBytes: 0, sampleRows: 16 };
    const dataset = await openTestDataset(t, { path: file }, await byteTokenizer(t), { limits });
    assert.deepEqual(await stepsPerEpoch(dataset, options), { steps: 167, estimated: false });
    assert.equal((await dataset.statistics()).estimated, true);
    assert.equal((await dataset.statistics()).tokens, 10010);
  });
});

async function take<T>(items: AsyncGenerator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}
