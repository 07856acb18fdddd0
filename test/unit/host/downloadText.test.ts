import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTypedId, listedFacts, newsText, ProgressBar } from '../../../src/host/models/downloadText';
import type { DownloadNews, ListedModel } from '../../../src/run/download';

const progress = (done: number, rate = 0): DownloadNews => ({
  type: 'progress',
  file: 'model.safetensors',
  done_bytes: done,
  total_bytes: 200e6,
  bytes_per_second: rate,
  eta_seconds: rate === 0 ? null : (200e6 - done) / rate,
});

describe('the notification of a download', () => {
  test('says how much is here, how fast it comes and how long it takes', () => {
    assert.equal(newsText(progress(50e6, 10e6)), '50.0 MB of 200 MB · 10.0 MB/s · 15 s left');
    assert.equal(newsText(progress(50e6)), '50.0 MB of 200 MB');
    assert.equal(newsText(progress(200e6, 10e6)), '200 MB of 200 MB · 10.0 MB/s');
    assert.equal(
      newsText({ type: 'retrying', reason: 'the connection was cut', seconds: 2 }),
      'the connection was cut; trying again in 2 s',
    );
  });

  test('has a bar that never goes back, also where a file is begun anew', () => {
    const bar = new ProgressBar();
    const moves = [progress(20e6), progress(10e6), { type: 'waiting', pid: 1 } as const, progress(200e6)];
    assert.deepEqual(
      moves.map((news) => bar.increment(news)),
      [10, 0, 0, 90],
    );
  });
});

describe('the list of models', () => {
  test('says size, licence and whether it fits', () => {
    const model: ListedModel = {
      id: 'a/b',
      parameters: 1e8,
      download_bytes: 271e6,
      license: 'MIT',
      purpose: 'For tests.',
      training_bytes: 4.18e9,
      machine_bytes: 8e9,
      fit: 'tight',
      folder: null,
    };
    assert.equal(listedFacts(model), 'about 271 MB · MIT · tight (at most 4.18 GB)');
    assert.match(listedFacts({ ...model, folder: '/x' }), /^here already · MIT/);
  });

  test('tells an id that was typed from a word that was searched for', () => {
    for (const id of ['Qwen/Qwen3-0.6B', 'https://huggingface.co/Qwen/Qwen3-0.6B']) assert.ok(isTypedId(id), id);
    for (const word of ['smol', 'should fit', 'a/b c', 'https://huggingface.co', 'Qwen/'])
      assert.ok(!isTypedId(word), word);
  });
});
