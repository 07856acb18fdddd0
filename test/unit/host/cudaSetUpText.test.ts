import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreement, setUpText } from '../../../src/host/cuda/setUpText';
import type { CudaState } from '../../../src/run/cuda';

const state: CudaState = {
  onnxruntime: '1.30.0',
  folder: '/home/a/cache',
  set_up: null,
  download_bytes: 1_187_968_333,
  library_bytes: 941_309_914,
  disk_bytes: 1_655_000_000,
  hindrance: null,
};

test('what is asked says how much is fetched, by whom, what is tried and what is kept where', () => {
  const { question, detail } = agreement(state, { from: 'network' });
  assert.equal(question, 'Set up CUDA for the NVIDIA graphics card?');
  assert.match(detail, /Python's pip fetches .*onnxruntime-gpu 1\.30\.0.* cuDNN 9: 1\.19 GB\./);
  assert.match(detail, /checksum/);
  assert.match(detail, /computed on the card and its numbers are compared/);
  assert.match(detail, /1\.66 GB are kept in \/home\/a\/cache; the same command removes them\./);
  assert.doesNotMatch(detail, /stays until/);
});

test("from ONNX Runtime's wheel on disk NVIDIA's libraries are fetched all the same, from a folder nothing is", () => {
  const one = agreement(state, { from: 'wheel', path: '/w/a.whl' }).detail;
  assert.match(one, /is taken from \/w\/a\.whl\. Python's pip fetches NVIDIA's libraries .*: 941 MB\./);
  const all = agreement(
    { ...state, set_up: { onnxruntime: '1.30.0', bytes: 1 } },
    { from: 'folder', path: '/w' },
  ).detail;
  assert.match(all, /are taken from \/w\./);
  assert.doesNotMatch(all, /fetches/);
  assert.match(all, /What is set up now stays until the new one is complete\./);
});

test('the end says how fast the card is, and how a recipe uses it', () => {
  const done = { folder: '/c', onnxruntime: '1.30.0', bytes: 1.655e9, step_ms: 2.04, cpu_step_ms: 31 };
  assert.match(
    setUpText(done),
    /1\.30\.0 \(1\.66 GB\); .* 2\.0 ms on the card, on the processor 31\.0 ms\. .*"device": "cuda"/,
  );
  assert.doesNotMatch(setUpText({ ...done, step_ms: null }), / ms /);
});
