import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReadableRow } from '../../../src/run/preview';
import { histogram, lastLength, quantile, roundWidth } from '../../../src/views/preview/histogram';
import { sharesOf } from '../../../src/views/preview/sampleView';
import { tokenRuns } from '../../../src/views/preview/tokenRuns';
import { escapedText, visibleText } from '../../../src/views/preview/visibleText';

describe('a histogram', () => {
  const values = Array.from({ length: 1000 }, (_, at) => (at * 7919) % 500);

  test('counts every value once, in at most 24 bars of a round width', () => {
    const bins = histogram(values, 0, 499);
    assert.equal(
      bins.reduce((sum, { count }) => sum + count, 0),
      values.length,
    );
    assert.ok(bins.length <= 24 && bins.every(({ from, to }) => to - from === 49));
    for (const { from, to, count } of bins) {
      assert.equal(count, values.filter((value) => value >= from && value <= to).length);
    }
  });

  test('puts what is beyond its end into the last bar, which says so', () => {
    const bins = histogram([1, 2, 3, 900], 1, 4);
    assert.deepEqual(bins.at(-1), { from: 4, to: Infinity, count: 1 });
  });

  test('of few values has a bar for each', () => {
    assert.deepEqual(histogram([1, 1, 3], 1, 3), [
      { from: 1, to: 1, count: 2 },
      { from: 2, to: 2, count: 0 },
      { from: 3, to: 3, count: 1 },
    ]);
  });

  test('leaves out what is before its start', () => assert.equal(histogram([0, 0, 1], 1, 1)[0]!.count, 1));

  test('has widths that people count in', () => {
    assert.deepEqual([0.1, 1, 1.1, 3, 6, 11, 30, 70].map(roundWidth), [1, 1, 2, 5, 10, 20, 50, 100]);
  });
});

describe('the lengths that are shown', () => {
  const ends = (name: string, lengths: readonly number[], maxLength: number, last: number): void =>
    void test(name, () => assert.equal(lastLength(lengths, maxLength), last));
  ends('reach to the longest row', [10, 20, 300], 200, 300);
  ends('reach to max_length where that is near', [100, 110], 128, 135);
  ends('leave max_length out where it is far away', [10, 20], 512, 20);
  ends('leave out a few that are very long', [...new Array<number>(1000).fill(50), 100_000], 64, 128);
  ends('are something of nothing', [], 64, 1);
});

test('half of all values lie below the median', () => {
  assert.equal(quantile([5, 1, 9, 3, 7], 0.5), 5);
  assert.equal(quantile([], 0.5), 0);
});

test('shares of rows that are cut, and that teach nothing', () => {
  const sample = { broken: 0, problem: null, isDone: true, isWhole: true };
  assert.deepEqual(sharesOf({ ...sample, lengths: [8, 9, 10, 3], supervised: [0, 1, 2, 3] }, 8), {
    cut: 0.5,
    nothing: 0.25,
  });
});

test('stretches of a row hold each token once, and change where its fate does', () => {
  const token = (supervised: boolean): ReadableRow['tokens'][number] => ({
    id: 1,
    text: 'a',
    supervised,
    special: false,
  });
  const tokens = [false, false, true, true, true, false, true].map(token);
  const row = { row: 0, line: 1, isEvaluation: false, problem: null, tokens, seen: 5, length: 7, supervised: 3 };
  const runs = (from: number, to: number): unknown =>
    tokenRuns(row, from, to).map((run) => [run.fate, run.start, run.tokens.length]);
  assert.deepEqual(runs(0, 100), [
    ['read', 0, 2],
    ['learnt', 2, 3],
    ['cut', 5, 2],
  ]);
  assert.deepEqual(runs(3, 6), [
    ['learnt', 3, 2],
    ['cut', 5, 1],
  ]);
});

test('what cannot be seen has a sign, and tokens on one line are written as `lora tokens` writes them', () => {
  assert.equal(visibleText('a\n\tb\r\u0000'), 'a↵\n⇥\tb␍␀');
  assert.equal(visibleText(''), '∅');
  assert.equal(visibleText(' é 🦊'), ' é 🦊');
  assert.equal(escapedText('"a"\n\\'), '"a"\\n\\\\');
});
