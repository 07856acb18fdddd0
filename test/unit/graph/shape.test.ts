import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bindShape,
  bindSymbols,
  broadcast,
  multiplyDims,
  sameShape,
  sameSize,
  showShape,
  staticSize,
} from '../../../src/engine/graph/shape';
import type { Shape } from '../../../src/engine/graph/types';

describe('the product of dimensions', () => {
  test('of numbers is a number', () => assert.equal(multiplyDims(2, 3, 4), 24));
  test('of nothing is 1', () => assert.equal(multiplyDims(), 1));
  test('names its symbols in order', () => assert.equal(multiplyDims('T', 'B'), 'B*T'));
  test('has its number first', () => assert.equal(multiplyDims('T', 3), '3*T'));
  test('leaves a factor of 1 out', () => assert.equal(multiplyDims(1, 'T'), 'T'));
  test('multiplies products', () => assert.equal(multiplyDims('2*T', 3, 'B*T'), '6*B*T*T'));
  test('with 0 is 0 of the symbols', () => assert.equal(multiplyDims(0, 'T'), '0*T'));
});

describe('two shapes hold the same number of elements', () => {
  const equal: [Shape, Shape][] = [
    [[], [1]],
    [[2, 3], [6]],
    [
      ['B', 'T', 4],
      ['B*T', 4],
    ],
    [
      ['2*T', 3],
      [6, 'T'],
    ],
    [['T', 'B'], ['B*T']],
  ];
  for (const [a, b] of equal) test(`${showShape(a)} and ${showShape(b)}`, () => assert.ok(sameSize(a, b)));
  const different: [Shape, Shape][] = [
    [[2], [3]],
    [['B'], ['T']],
    [['B', 'B'], ['B']],
    [['B', 2], ['B']],
  ];
  for (const [a, b] of different) test(`but not ${showShape(a)} and ${showShape(b)}`, () => assert.ok(!sameSize(a, b)));
});

test('equal shapes have equal dimensions in the same order', () => {
  assert.ok(sameShape(['B', 2], ['B', 2]));
  assert.ok(!sameShape(['B', 2], [2, 'B']));
  assert.ok(!sameShape([2], [2, 1]));
});

test('the number of elements is known where no dimension is a symbol', () => {
  assert.equal(staticSize([2, 3]), 6);
  assert.equal(staticSize([]), 1);
  assert.equal(staticSize([2, 'T']), undefined);
});

describe('broadcasting', () => {
  test('repeats axes of size 1', () => assert.deepEqual(broadcast([2, 1, 4], [3, 1]), [2, 3, 4]));
  test('repeats against symbols', () => assert.deepEqual(broadcast(['B', 1], [1, 'T']), ['B', 'T']));
  test('adds axes in front', () => assert.deepEqual(broadcast([4], ['B', 'T', 4]), ['B', 'T', 4]));
  test('refuses different sizes', () => assert.throws(() => broadcast([2, 3], [4]), /\[2, 3\] and \[4\]/));
  test('refuses different symbols', () => assert.throws(() => broadcast(['B'], ['T']), /\[B\] and \[T\]/));
  test('refuses a symbol against a number', () => assert.throws(() => broadcast(['B'], [2]), /do not broadcast/));
});

describe('the sizes of symbols', () => {
  const ids = { name: 'ids', shape: ['B', 'T'] };
  const labels = { name: 'labels', shape: ['N'] };

  test('are read off the inputs', () => {
    const symbols = bindSymbols([
      { ...ids, actual: [2, 8] },
      { ...labels, actual: [0] },
    ]);
    assert.deepEqual(Object.fromEntries(symbols), { B: 2, T: 8, N: 0 });
    assert.deepEqual(bindShape(['B*T', 4], symbols), [16, 4]);
    assert.deepEqual(bindShape(['3*N', '2*B*T'], symbols), [0, 32]);
  });
  test('must agree between inputs', () => {
    const inputs = [
      { ...ids, actual: [2, 8] },
      { name: 'mask', shape: ['T'], actual: [7] },
    ];
    assert.throws(() => bindSymbols(inputs), /Input mask has shape \[7\], expected \[T\]/);
  });
  test('must agree within an input', () => {
    assert.throws(() => bindSymbols([{ name: 'x', shape: ['T', 'T'], actual: [2, 3] }]), /Input x/);
  });
  test('stand beside numbers that must be as declared', () => {
    assert.throws(() => bindSymbols([{ name: 'x', shape: ['T', 4], actual: [2, 3] }]), /expected \[T, 4\]/);
  });
  test('need inputs of the declared rank', () => {
    assert.throws(() => bindSymbols([{ ...ids, actual: [2] }]), /Input ids has shape \[2\], expected \[B, T\]/);
  });
  test('must be known before a shape has sizes', () => {
    assert.throws(() => bindShape(['B*T'], new Map([['B', 2]])), /No input gives the size of T/);
  });
});
