import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { generate, lastLogits, logitsAt } from '../../../src/engine/generate/generate';
import type { GenerationLimits, LogitsSource } from '../../../src/engine/generate/generate';
import { greedy } from '../../../src/engine/generate/sampling';
import { compileLogits, weightSource } from '../../../src/engine/operations/compile';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import type { Tensors } from '../../../src/engine/runtime/runtime';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

/** Logits of the tiny model, and the lengths of the texts that it was asked about. */
async function tinyLogits(t: TestContext): Promise<{ source: LogitsSource; lengths: number[] }> {
  const folder = await temporaryFolder(t);
  await writeTinyModel(folder);
  const base = await openBaseModel(folder, '.');
  const executable = await compileLogits(new OnnxRuntime({ threads: 1 }), base, undefined, 64, weightSource(base));
  t.after(() => executable.dispose());
  const lengths: number[] = [];
  const run = (inputs: Tensors): Promise<Tensors> => {
    lengths.push(inputs['ids']!.shape[1]!);
    return executable.run(inputs);
  };
  return { source: { trained: {}, executable: { ...executable, run } }, lengths };
}

const prompt = Int32Array.of(1, 20, 30, 40);
const limits: GenerationLimits = { maxNewTokens: 10, contextLength: 64, endIds: new Set() };

async function collect(ids: AsyncGenerator<number>): Promise<number[]> {
  const found = [];
  for await (const id of ids) found.push(id);
  return found;
}

describe('continuing a text', () => {
  test('gives as many tokens as were asked for, each the likeliest after those before', async (t) => {
    const { source } = await tinyLogits(t);
    const ids = await collect(generate(source, prompt, greedy, limits));
    assert.equal(ids.length, 10);
    const text = [...prompt];
    for (const id of ids) {
      assert.equal(id, greedy(await lastLogits(source, Int32Array.from(text))));
      text.push(id);
    }
  });

  test('ends at a token that ends texts, without giving it out', async (t) => {
    const { source } = await tinyLogits(t);
    const ids = await collect(generate(source, prompt, greedy, limits));
    const end = ids[3]!;
    const ended = await collect(generate(source, prompt, greedy, { ...limits, endIds: new Set([end, 98]) }));
    assert.deepEqual(ended, ids.slice(0, ids.indexOf(end)));
  });

  test('never asks the model to read more than it can, and leaves out the oldest tokens', async (t) => {
    const { source, lengths } = await tinyLogits(t);
    const ids = await collect(generate(source, prompt, greedy, { ...limits, contextLength: 6 }));
    assert.deepEqual(lengths, [4, 5, 6, 6, 6, 6, 6, 6, 6, 6]);
    const text = [...prompt, ...ids.slice(0, -1)];
    assert.equal(ids.at(-1), greedy(await lastLogits(source, Int32Array.from(text.slice(-6)))));
  });

  test('leaves the prompt as it is', async (t) => {
    const { source } = await tinyLogits(t);
    const given = prompt.slice();
    await collect(generate(source, given, greedy, { ...limits, maxNewTokens: 2 }));
    assert.deepEqual(given, prompt);
  });

  test('of no tokens asks the model nothing', async (t) => {
    const { source, lengths } = await tinyLogits(t);
    assert.deepEqual(await collect(generate(source, prompt, greedy, { ...limits, maxNewTokens: 0 })), []);
    assert.deepEqual(lengths, []);
  });

  test('can be stopped between two tokens', async (t) => {
    const { source, lengths } = await tinyLogits(t);
    const stop = new AbortController();
    const found: number[] = [];
    await assert.rejects(async () => {
      for await (const id of generate(source, prompt, greedy, limits, stop.signal)) {
        found.push(id);
        if (found.length === 3) stop.abort();
      }
    }, /abort/i);
    assert.deepEqual([found.length, lengths.length], [3, 3]);
  });
});

test('logits at several positions are those of each beginning of the text', async (t) => {
  const { source } = await tinyLogits(t);
  const all = await logitsAt(source, prompt, Int32Array.of(0, 2, 3));
  const apart = await Promise.all([1, 3, 4].map((length) => lastLogits(source, prompt.slice(0, length))));
  assert.equal(all.length, 3 * 99);
  apart.forEach((logits, row) => {
    logits.forEach((logit, i) => assert.ok(Math.abs(logit - all[row * 99 + i]!) < 1e-5));
  });
});
