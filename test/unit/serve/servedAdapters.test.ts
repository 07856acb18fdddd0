import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type OpenAI from 'openai';
import { post, served, trainedProject } from './served';

test('an adapter that was trained anew answers as it is now, and as before while it cannot be read', async (t) => {
  const own = await trainedProject(t);
  const one = await served(t, own);
  const asked = { prompt: '3 + 3 =', max_tokens: 4, temperature: 0, logprobs: 0, ignore_eos: true };
  const likelihoods = async (model: string): Promise<readonly number[]> => {
    const answer = await post(`${one.url}/v1/completions`, { ...asked, model });
    assert.equal(answer.status, 200);
    return ((await answer.json()) as OpenAI.Completion).choices[0]!.logprobs!.token_logprobs!;
  };
  const isNear = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((value, at) => Math.abs(value - b[at]!) < 1e-2);
  const attached = (): number => one.news.filter(({ type }) => type === 'attached').length;
  const base = await likelihoods('model');
  const before = await likelihoods('tuned');
  assert.ok(!isNear(base, before) && attached() === 0);

  const file = path.join(own.output, 'adapter_config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...config, lora_alpha: 1e-6 }));
  const both = await Promise.all([likelihoods('tuned'), likelihoods('tuned')]);
  assert.ok(both.every((each) => isNear(each, base)));
  assert.equal(attached(), 1);

  await writeFile(file, '{ "half');
  assert.ok(isNear(await likelihoods('tuned'), base));
  assert.ok(isNear(await likelihoods('tuned'), base));
  const problems = one.news.filter(({ type }) => type === 'problem');
  assert.equal(problems.length, 1);
  assert.match(JSON.stringify(problems[0]), /The files of tuned have changed .* It answers as before\./);
  await writeFile(file, JSON.stringify(config));
  assert.ok(isNear(await likelihoods('tuned'), before));
});
