import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServeNews } from '../../../src/run/serving';
import { lora } from '../../tiny/lora';
import { post, trainedProject } from './served';

test('lora serve --json tells where it listens, and SIGTERM ends it cleanly', async (t) => {
  const tiny = await trainedProject(t);
  const args = ['serve', '--base-model', tiny.model, '--adapter', `mine=${tiny.output}`, '--port', '0', '--json'];
  const answers: unknown[] = [];
  const { status, stdout, stderr } = await lora(args, (line, child) => {
    const news = JSON.parse(line) as ServeNews;
    if (news.type !== 'listening') return;
    assert.deepEqual(news.models, ['model', 'mine']);
    void post(`${news.url}/v1/completions`, { model: 'mine', prompt: '1 + 1 =', temperature: 0 })
      .then((answer) => answer.json())
      .then((answer) => answers.push(answer))
      .finally(() => child.kill('SIGTERM'));
  });
  assert.equal(status, 0, stderr);
  assert.equal((answers[0] as { choices: unknown[] }).choices.length, 1);
  const types = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as ServeNews).type);
  assert.deepEqual(types, ['listening', 'request', 'ended']);
});

test('lora serve refuses other computers without a key', async (t) => {
  const tiny = await trainedProject(t);
  const { status, stderr } = await lora(['serve', '--base-model', tiny.model, '--host', '0.0.0.0']);
  assert.equal(status, 2);
  assert.match(stderr, /an API key is needed/);
});
