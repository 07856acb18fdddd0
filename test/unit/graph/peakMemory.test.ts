import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import { peakMemory } from '../../../src/engine/graph/peakMemory';

const symbols = new Map([['N', 10]]);

describe('the bytes that are needed at once', () => {
  test('count each value from when it is computed until it is read last', () => {
    const b = new GraphBuilder();
    // 40 bytes each; never more than two of them at a time.
    const a = b.input('a', 'f32', ['N']);
    const y = b.op('tanh', {}, b.op('silu', {}, b.op('sigmoid', {}, a)));
    assert.equal(peakMemory(b.finish({ y }), symbols), 80);
  });
  test('hold a value that is read again later', () => {
    const b = new GraphBuilder();
    const a = b.input('a', 'f32', ['N']);
    const y = b.add(a, b.op('tanh', {}, b.op('silu', {}, a)));
    assert.equal(peakMemory(b.finish({ y }), symbols), 120);
  });
  test('hold results to the end', () => {
    const b = new GraphBuilder();
    const first = b.op('silu', {}, b.input('a', 'f32', ['N']));
    const y = b.op('tanh', {}, b.op('sigmoid', {}, first));
    assert.equal(peakMemory(b.finish({ first, y }), symbols), 120);
  });
  test('leave frozen weights and constants out', () => {
    const b = new GraphBuilder();
    const y = b.add(b.weight('w', [1000]), b.constant(new Float32Array(1000), [1000]));
    assert.equal(peakMemory(b.finish({ y }), symbols), 4000);
  });
  test('count a reshaped value once', () => {
    const b = new GraphBuilder();
    const y = b.reshape(b.input('a', 'f32', ['N', 2]), ['2*N']);
    assert.equal(peakMemory(b.finish({ y }), symbols), 80);
  });
  test('are one for each truth value', () => {
    const b = new GraphBuilder();
    const a = b.input('a', 'i32', ['N']);
    assert.equal(peakMemory(b.finish({ y: b.op('equal', {}, a, a) }), symbols), 50);
  });
});
