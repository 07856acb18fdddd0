import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PauseGate } from '../../../src/engine/train/pauseGate';
import { Stopwatch } from '../../../src/engine/train/stopwatch';

describe('the gate of a pause', () => {
  const never = new AbortController().signal;

  test('is open at first', async () => {
    const gate = new PauseGate();
    assert.equal(gate.isClosed, false);
    await gate.passable(never);
  });

  test('holds until it is opened, even when it was closed twice', async () => {
    const gate = new PauseGate();
    gate.close();
    gate.close();
    const waiting = watch(gate.passable(never));
    await turn();
    assert.equal(waiting.isOver, false);
    gate.open();
    await waiting.over;
  });

  test('still holds whoever waits when it is opened and closed at once', async () => {
    const gate = new PauseGate();
    gate.close();
    const waiting = watch(gate.passable(never));
    gate.open();
    gate.close();
    await turn();
    assert.equal(waiting.isOver, false);
    gate.open();
    await waiting.over;
  });

  test('lets those pass who are asked to stop', async () => {
    const gate = new PauseGate();
    gate.close();
    const stop = new AbortController();
    const waiting = gate.passable(stop.signal);
    stop.abort();
    await waiting;
    await gate.passable(stop.signal);
    assert.equal(gate.isClosed, true);
  });
});

test('a pause counts neither for speed nor for the remaining time', () => {
  let now = 0;
  const watch = new Stopwatch(10, () => now);
  now = 1000;
  assert.deepEqual(watch.lap(100), { tokens_per_second: 100, eta_seconds: 9 });
  now = 3_601_000;
  watch.skip();
  now = 3_602_000;
  assert.deepEqual(watch.lap(100), { tokens_per_second: 100, eta_seconds: 8 });
});

function watch(promise: Promise<void>): { readonly over: Promise<void>; isOver: boolean } {
  const waiting = { over: promise.then(() => void (waiting.isOver = true)), isOver: false };
  return waiting;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
