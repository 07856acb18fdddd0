import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pageHtml } from '../../../src/host/views/pageHtml';
import { packSteps, readFromDashboard, readMemory } from '../../../src/run/viewProtocol';
import { step } from './events';

describe('a message from a page', () => {
  const reads = (value: unknown, expected: unknown): void =>
    void test(value === undefined ? 'undefined' : JSON.stringify(value), () =>
      assert.deepEqual(readFromDashboard(value), expected),
    );
  reads({ type: 'ready', overlay: '/r' }, { type: 'ready', overlay: '/r' });
  reads({ type: 'ready' }, { type: 'ready', overlay: null });
  reads({ type: 'stop', more: 1 }, { type: 'stop' });
  reads({ type: 'overlay', folder: 3 }, { type: 'overlay', folder: null });
  reads({ type: 'exportPng', png: 'text' }, undefined);
  reads({ type: 'delete everything' }, undefined);
  reads({ type: 7 }, undefined);
  reads('stop', undefined);
  reads(null, undefined);
  reads(undefined, undefined);
  test('can hold a picture', () => {
    const png = new Uint8Array([1, 2]);
    assert.deepEqual(readFromDashboard({ type: 'exportPng', png }), { type: 'exportPng', png });
  });
});

describe('what a dashboard remembers', () => {
  const memory = { folder: '/r', overlay: null, logScale: true, smoothing: 0 };
  test('comes back', () => assert.deepEqual(readMemory(structuredClone(memory)), memory));
  test('has defaults for what is missing', () => {
    assert.deepEqual(readMemory({ folder: '/r' }), { folder: '/r', overlay: null, logScale: false, smoothing: 10 });
  });
  test('is nothing without a run', () => {
    for (const other of [undefined, null, 'x', {}, { folder: 1 }]) assert.equal(readMemory(other), undefined);
  });
});

test('steps are packed into columns, and null into what is not a number', () => {
  const packed = packSteps([step(1), { ...step(2), loss: null as unknown as number }]);
  assert.deepEqual([...packed.step], [1, 2]);
  assert.deepEqual([...packed.loss], [step(1).loss, Number.NaN]);
});

describe('the page', () => {
  const origins = { source: 'https://x.example', script: 'https://x.example/a.js', style: 'https://x.example/a.css' };
  const name = { name: 'dashboard', title: 'A page' } as const;
  const html = pageHtml(name, { ...origins, nonce: 'c0ffee' });
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!;

  test('allows nothing but its own script and style', () => {
    assert.deepEqual(policy.split('; '), [
      "default-src 'none'",
      "script-src 'nonce-c0ffee'",
      'style-src https://x.example',
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });
  test('gives its one script the nonce', () => {
    assert.deepEqual(html.match(/<script[^>]*>/g), ['<script nonce="c0ffee" src="https://x.example/a.js">']);
  });
  test('has no inline script, style or handler', () => {
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|javascript:|unsafe-/);
    assert.match(html, /<script[^>]*><\/script>/);
  });
  test('lets no address out of its attribute', () => {
    const odd = pageHtml(name, { ...origins, style: 'a"><script>alert(1)</script>', nonce: 'n' });
    assert.equal(odd.match(/<script/g)!.length, 1);
  });
});
