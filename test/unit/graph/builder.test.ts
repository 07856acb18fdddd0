import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder, isOne, knownSize } from '../../../src/engine/graph/builder';

function fixture() {
  const b = new GraphBuilder();
  return { b, x: b.input('x', 'f32', ['N', 4]), w: b.weight('w', [4, 3]) };
}

describe('equal nodes are one node:', () => {
  test('the same op on the same values', () => {
    const { b, x, w } = fixture();
    assert.equal(b.matmul(x, w), b.matmul(x, w));
  });
  test('not with other attributes', () => {
    const { b, x } = fixture();
    assert.notEqual(b.scale(x, 2), b.scale(x, 3));
    assert.notEqual(b.op('rmsNorm', { epsilon: 1e-5 }, x, x), b.op('rmsNorm', { epsilon: 1e-6 }, x, x));
  });
  test('not with the values in another order', () => {
    const { b, x } = fixture();
    const y = b.op('silu', {}, x);
    assert.notEqual(b.sub(x, y), b.sub(y, x));
  });
  test('constants by their numbers, whatever array holds them', () => {
    const { b } = fixture();
    assert.equal(b.constant([1, 2], [2]), b.constant(Float32Array.of(1, 2), [2]));
    assert.notEqual(b.constant([1, 2], [2]), b.constant([1, 3], [2]));
    assert.notEqual(b.constant([1, 2], [2]), b.constant([1, 2], [2], 'i32'));
    assert.notEqual(b.constant([1, 2], [2]), b.constant([1, 2], [1, 2]));
  });
  test('constants that JSON does not know', () => {
    const { b } = fixture();
    assert.notEqual(b.scalar(-Infinity), b.scalar(Infinity));
    assert.notEqual(b.scalar(-Infinity), b.scalar(NaN));
    assert.notEqual(b.scalar(-0), b.scalar(0));
    assert.notEqual(b.constant(Float32Array.of(Infinity), []), b.constant(Float32Array.of(NaN), []));
    assert.equal(b.scalar(-Infinity), b.scalar(-Infinity));
  });
  test('leaves by their names', () => {
    const { b, x, w } = fixture();
    assert.equal(b.input('x', 'f32', ['N', 4]), x);
    assert.equal(b.weight('w', [4, 3]), w);
  });
  test('all results of a node with several', () => {
    const { b, x } = fixture();
    const first = b.node('swigluGrad', {}, x, x, x);
    assert.deepEqual(b.node('swigluGrad', {}, x, x, x).outputs, first.outputs);
  });
});

describe('an operation that changes nothing adds no node:', () => {
  const unchanged = (what: string, apply: (f: ReturnType<typeof fixture>) => unknown): void => {
    test(what, () => {
      const f = fixture();
      const before = f.b.nodes.length;
      assert.equal(apply(f), f.x);
      assert.ok(f.b.nodes.slice(before).every(({ op }) => op === 'constant'));
    });
  };
  unchanged('a factor of 1', ({ b, x }) => b.scale(x, 1));
  unchanged('a product with the constant 1', ({ b, x }) => b.mul(x, b.scalar(1)));
  unchanged('a product of the constant 1', ({ b, x }) => b.mul(b.scalar(1), x));
  unchanged('a reshape to the same shape', ({ b, x }) => b.reshape(x, ['N', 4]));
  unchanged('a sum over no axes', ({ b, x }) => b.reduceSum(x, []));
  unchanged('flattening a matrix', ({ b, x }) => b.flatten(x));
});

test('only the scalar 1 is one', () => {
  const { b, x } = fixture();
  assert.ok(isOne(b.scalar(1)));
  assert.ok(!isOne(b.scalar(2)));
  assert.ok(!isOne(b.constant([1], [1])));
  assert.ok(!isOne(x));
});

test('nodes are where `within` says, also after an error inside', () => {
  const { b, x } = fixture();
  const inner = b.within({ scope: 'model', block: 2 }, () => b.within({ phase: 'backward' }, () => b.scale(x, 5)));
  assert.deepEqual([inner.node.scope, inner.node.block, inner.node.phase], ['model', 2, 'backward']);
  assert.throws(() => b.within({ scope: 'lost' }, () => b.add(x, b.input('y', 'f32', [7]))));
  assert.deepEqual([b.scale(x, 6).node.scope, b.scale(x, 6).node.block], ['', undefined]);
});

test('a block ends where `within` says that there is none', () => {
  const { b, x } = fixture();
  const outside = b.within({ block: 1 }, () => b.within({ scope: 'mask', block: undefined }, () => b.scale(x, 2)));
  assert.equal(outside.node.block, undefined);
});

test('the finished graph has what its outputs need, in order, and nothing else', () => {
  const { b, x, w } = fixture();
  b.scale(x, 7);
  b.input('unused', 'f32', [1]);
  const y = b.op('silu', {}, b.matmul(x, w));
  const graph = b.finish({ y });
  assert.deepEqual(
    graph.nodes.map(({ op }) => op),
    ['input', 'weight', 'matmul', 'silu'],
  );
  assert.deepEqual([...graph.outputs], [['y', y]]);
});

test('a size that must be known is refused as a symbol', () => {
  assert.equal(knownSize(3), 3);
  assert.throws(() => knownSize('T'), /known size, got T/);
  assert.throws(() => knownSize(undefined), /known size/);
});
