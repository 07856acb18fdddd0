import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { lastLogits, logitsAt } from '../../../src/engine/generate/logits';
import { compileLogits, weightSource } from '../../../src/engine/operations/compile';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

test('logits at several positions are those of each beginning of the text', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTinyModel(folder);
  const base = await openBaseModel(folder, '.');
  const executable = await compileLogits(new OnnxRuntime({ threads: 1 }), base, undefined, 64, weightSource(base));
  t.after(() => executable.dispose());
  const source = { executable, trained: {} };
  const prompt = Int32Array.of(1, 20, 30, 40);
  const all = await logitsAt(source, prompt, Int32Array.of(0, 2, 3));
  const apart = await Promise.all([1, 3, 4].map((length) => lastLogits(source, prompt.slice(0, length))));
  assert.equal(all.length, 3 * 99);
  apart.forEach((logits, row) => {
    logits.forEach((logit, i) => assert.ok(Math.abs(logit - all[row * 99 + i]!) < 1e-5));
  });
});
