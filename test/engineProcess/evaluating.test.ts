import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { EvaluationOptions } from '../../src/run/answers';
import { writeTinyAdapter } from '../tiny/adapter';
import { temporaryFolder } from '../tiny/recipe';
import { TestEngine } from './engine';

const numbers = path.resolve('examples/numbers/model');

async function start(t: TestContext): Promise<{ engine: TestEngine; adapter: string; request: EvaluationOptions }> {
  const folder = await temporaryFolder(t);
  const [adapter, dataset] = [path.join(folder, 'my'), path.join(folder, 'rows.jsonl')];
  await writeTinyAdapter(adapter, numbers);
  writeFileSync(dataset, readFileSync('examples/numbers/data.jsonl', 'utf8').split('\n').slice(0, 12).join('\n'));
  const adapters = [{ folder: adapter, weight: 1 }];
  return {
    engine: new TestEngine(t),
    adapter,
    request: { baseModel: numbers, adapters, dataset, maxLength: undefined, keep: true },
  };
}

describe('an engine process', () => {
  test('measures an adapter and its base model, and keeps the figures in folder and model card', async (t) => {
    const { engine, adapter, request } = await start(t);
    const words: string[] = [];
    const signal = new AbortController().signal;
    const ended = await engine.client.texts.evaluate(request, (each) => words.push(each), signal);
    assert.ok(ended.outcome === 'finished');
    const { evaluation } = ended;
    assert.ok(evaluation.eval_loss > 0 && evaluation.base!.eval_loss > 0 && evaluation.verdict !== undefined);
    assert.deepEqual(words, ['measuring with the adapter', 'measuring the base model']);
    assert.equal(evaluation.kept, path.join(adapter, 'evaluation.json'));
    assert.match(readFileSync(path.join(adapter, 'README.md'), 'utf8'), /\| rows\.jsonl \| base model \|/);
  });

  test('stops when it is cancelled, and keeps nothing', async (t) => {
    const { engine, adapter, request } = await start(t);
    const stop = new AbortController();
    const ended = await engine.client.texts.evaluate(request, () => stop.abort(), stop.signal);
    assert.deepEqual(ended, { outcome: 'cancelled' });
    assert.ok(!existsSync(path.join(adapter, 'evaluation.json')));
  });
});
