import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SetUpBar, setUpNewsText } from '../../../src/host/setUp/news';
import { agreement, setUpText } from '../../../src/host/tensorflow/setUpText';
import type { SetUpNews } from '../../../src/run/setUp';
import type { TensorflowOffer, TensorflowState } from '../../../src/run/tensorflow';

const cpu: TensorflowOffer = {
  variant: 'cpu',
  download_bytes: 207_208_420,
  library_bytes: 0,
  disk_bytes: 614e6,
  hindrance: null,
};
const gpu: TensorflowOffer = {
  variant: 'gpu',
  download_bytes: 2.1e9,
  library_bytes: 1.6e9,
  disk_bytes: 3.8e9,
  hindrance: null,
};
const state: TensorflowState = { version: '2.15.1', folder: '/home/a/cache', set_up: null, offers: [cpu, gpu] };

test('what is asked says how much is fetched, by whom, what is run and what is kept where', () => {
  const { question, detail } = agreement(state, cpu, null);
  assert.equal(question, 'Set up TensorFlow for the processor?');
  assert.match(detail, /Python's pip fetches TensorFlow 2\.15\.1: 207 MB\./);
  assert.match(detail, /compiled with g\+\+/);
  assert.match(detail, /614 MB are kept in \/home\/a\/cache; the same command removes them\./);
  assert.doesNotMatch(detail, /stays until/);
});

test('from a wheel on disk nothing is said of a download, and what is there stays until then', () => {
  const { detail } = agreement({ ...state, set_up: { variant: 'cpu', bytes: 1 } }, cpu, '/w/a.whl');
  assert.match(detail, /is taken from \/w\/a\.whl/);
  assert.doesNotMatch(detail, /pip/);
  assert.match(detail, /What is set up now stays until the new one is complete\./);
});

test('a wheel for a card does not spare the download of the libraries that it needs', () => {
  const { detail } = agreement(state, gpu, '/w/a.whl');
  assert.match(detail, /is taken from \/w\/a\.whl\. Python's pip fetches NVIDIA's libraries: about 1\.60 GB\./);
});

test('sizes that nobody added up to the byte are about so much', () => {
  assert.match(agreement(state, gpu, null).detail, /NVIDIA's libraries: about 2\.10 GB\./);
});

test('news say the step, or how much has arrived', () => {
  assert.equal(setUpNewsText({ type: 'step', step: 'Compiling the binding' }), 'Compiling the binding');
  const progress = { type: 'progress', done_bytes: 5e7 } as const;
  assert.equal(setUpNewsText({ ...progress, total_bytes: 2e8 }), '50.0 MB of 200 MB');
  assert.equal(setUpNewsText({ ...progress, total_bytes: null }), '50.0 MB have arrived');
});

test('the bar only goes forwards, and not beyond the whole', () => {
  const bar = new SetUpBar();
  const step: SetUpNews = { type: 'step', step: 'a' };
  const news: readonly SetUpNews[] = [
    step,
    { type: 'progress', done_bytes: 50, total_bytes: 100 },
    { type: 'progress', done_bytes: 100, total_bytes: 100 },
    ...Array.from({ length: 9 }, () => step),
  ];
  const moves = news.map((each) => bar.increment(each));
  assert.ok(moves.every((move) => move >= 0));
  assert.deepEqual(moves.slice(0, 4), [3, 37, 40, 3]);
  assert.equal(
    moves.reduce((sum, move) => sum + move, 0),
    98,
  );
});

test('the end says what was found, and how a recipe uses it', () => {
  const done = { folder: '/c', tensorflow: '2.15.1', variant: 'cpu' as const, bytes: 614e6, difference: 2.5e-5 };
  assert.match(setUpText(done), /is set up \(614 MB\).*2\.5e-5 of their size.*"runtime": "tensorflow" under "engine"/);
  assert.match(setUpText({ ...done, variant: 'gpu' }), /"device": "cuda"/);
});
