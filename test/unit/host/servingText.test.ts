import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AdapterBase } from '../../../src/run/adapterBases';
import { families } from '../../../src/host/serving/families';
import {
  asksForText,
  modelNames,
  newsLine,
  snippet,
  statusText,
  statusTooltip,
  type ServerFacts,
} from '../../../src/host/serving/servingText';

const facts: ServerFacts = {
  ...{ url: 'http://127.0.0.1:4711', baseName: 'org/base', canChat: true, requests: 1 },
  adapters: [
    { name: 'support', folder: '/w/adapters/support' },
    { name: "it's", folder: "/w/adapters/it's" },
  ],
};

describe('the status bar', () => {
  test('says what is served and how often it was asked', () => {
    assert.equal(statusText(facts), "it's +1 · 1 request");
    assert.equal(statusText({ ...facts, adapters: [], requests: 1234 }), 'org/base · 1,234 requests');
    assert.match(statusTooltip(facts), /http:\/\/127\.0\.0\.1:4711\/v1/);
    assert.match(statusTooltip(facts), /Models: org\/base, support, it's\n1 request so far/);
  });

  test('counts requests for text alone', () => {
    const request = { type: 'request', method: 'POST', path: '/v1/completions', status: 200, seconds: 0.5 } as const;
    assert.equal(asksForText(request), true);
    assert.equal(asksForText({ ...request, path: '/v1/chat/completions', status: 404 }), true);
    assert.equal(asksForText({ ...request, method: 'GET', path: '/v1/models' }), false);
    assert.equal(asksForText({ type: 'ended' }), false);
    assert.equal(newsLine(request), 'POST /v1/completions 200 0.50 s');
  });
});

describe('names of models', () => {
  test('are those of the folders, longer where two are the same', () => {
    const folders = ['/w/a/bot', '/w/b/bot', '/x/b/bot', '/w/adapters/base'];
    assert.deepEqual(
      modelNames(folders, ['base']).map(({ name }) => name),
      ['bot', 'b-bot', 'b-bot-2', 'adapters-base'],
    );
  });
});

test('adapters are offered by their base models, the largest family first', () => {
  const base = (path: string): AdapterBase => ({
    ...{ path, name: path, family: 'llama', contextLength: 64, hasChatTemplate: false },
  });
  const problem = { code: 'base-of-adapter-unknown', message: 'Not found.', hint: null };
  const found = families([
    { folder: '/w/a', base: base('/m/one'), problem: null },
    { folder: '/w/b', base: base('/m/two'), problem: null },
    { folder: '/w/c', base: null, problem },
    { folder: '/w/d', base: base('/m/two'), problem: null },
  ]);
  assert.deepEqual(
    found.map(({ base: { path }, folders }) => [path, folders]),
    [
      ['/m/two', ['/w/b', '/w/d']],
      ['/m/one', ['/w/a']],
    ],
  );
});

describe('examples', () => {
  test('ask the adapter that came last, in words that a shell passes on', () => {
    const body = String.raw`{"model":"it'\''s","messages":[{"role":"user","content":"Hello"}]}`;
    assert.equal(
      snippet('curl', facts),
      `curl http://127.0.0.1:4711/v1/chat/completions -H 'content-type: application/json' -d '${body}'\n`,
    );
  });

  test('continue a text where the base model has no chat template', () => {
    const { adapters } = facts;
    const plain = { ...facts, canChat: false, adapters: adapters.slice(0, 1) };
    assert.match(snippet('curl', plain), /\/v1\/completions .*"prompt":"Hello"/);
    assert.match(snippet('javascript', plain), /client\.completions\.create\(\{\n {2}model: "support",\n {2}prompt:/);
    assert.match(snippet('python', plain), /client\.completions\.create\(\n {4}model="support",\n {4}prompt=/);
    assert.match(snippet('javascript', facts), /client\.chat\.completions\.create[^]*choices\[0\]\.message\.content/);
    assert.match(snippet('python', facts), /OpenAI\(base_url="http:\/\/127\.0\.0\.1:4711\/v1", api_key="none"\)/);
  });
});
