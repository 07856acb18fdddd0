import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MergeBar, mergedText, mergeNewsText } from '../../../src/host/adapters/mergeText';
import type { MergeNews } from '../../../src/run/merge';

test('news of a merge say how much is written, then that it is compared', () => {
  assert.equal(mergeNewsText({ stage: 'writing', done: 1.5e6, total: 3e6 }), '1.50 MB of 3.00 MB written');
  assert.equal(mergeNewsText({ stage: 'proving', done: 3, total: 9 }), 'comparing it with base and adapter');
});

test('the bar never goes back and ends at the whole', () => {
  const bar = new MergeBar();
  const news: MergeNews[] = [
    { stage: 'writing', done: 1, total: 2 },
    { stage: 'writing', done: 2, total: 2 },
    { stage: 'proving', done: 0, total: 4 },
    { stage: 'proving', done: 4, total: 4 },
  ];
  assert.deepEqual(
    news.map((each) => bar.increment(each)),
    [45, 45, 0, 10],
  );
});

test('the end names size, place and the figure of the proof', () => {
  const proof = {
    positions: 100,
    max_difference: 0.001,
    relative_difference: 0.0012,
    limit: 0.03,
    relative_change: 0.4,
    same_top_token: 1,
  };
  const notes = ['Weights are stored in bfloat16.'];
  const model = { output: '/w/m', bytes: 2.69e8, base_model: '/b', dtype: 'bfloat16' as const, shards: 1, changed: 9 };
  assert.equal(
    mergedText('support-bot', 'adapters/support-bot-merged', { ...model, proof, notes }),
    'support-bot is merged: a model of 269 MB in adapters/support-bot-merged. Read again, its scores differ from base ' +
      'and adapter by 0.12 %. Weights are stored in bfloat16.',
  );
});
