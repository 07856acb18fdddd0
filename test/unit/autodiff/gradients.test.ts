import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../../src/engine/autodiff/gradients';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import type { Graph, Value } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';

interface Chain {
  readonly b: GraphBuilder;
  readonly x: Value;
  readonly loss: Value;
  /** One low-rank pair per layer. */
  readonly updates: readonly (readonly [Value, Value])[];
}

/** Layers y = x·Wᵀ + (x·Aᵀ)·Bᵀ with frozen W, one after the other. */
function chain(layers: number): Chain {
  const b = new GraphBuilder();
  const x = b.input('x', 'f32', ['N', 4]);
  let h = x;
  const updates = Array.from({ length: layers }, (_, i): readonly [Value, Value] => {
    const pair = [b.input(`a${i}`, 'f32', [2, 4]), b.input(`b${i}`, 'f32', [4, 2])] as const;
    h = b.within({ scope: `layers.${i}`, block: i }, () => {
      const base = b.matmul(h, b.weight(`w${i}`, [4, 4]), { transposeB: true });
      const down = b.matmul(h, pair[0], { transposeB: true });
      return b.op('silu', {}, b.add(base, b.matmul(down, pair[1], { transposeB: true })));
    });
    return pair;
  });
  return { b, x, loss: b.reduceSum(h, [0, 1]), updates };
}

function backward({ b, loss }: Chain, parameters: readonly Value[]): Graph {
  const found = gradients(b, new Map([[loss, b.scalar(1)]]), parameters);
  return verify(b.finish(Object.fromEntries(found.map((gradient, i) => [`d${i}`, gradient!]))), 'gradients');
}

const inBackward = (graph: Graph, op: string): number =>
  graph.nodes.filter((node) => node.phase === 'backward' && node.op === op).length;

describe('only what lies between a parameter and the loss gets a gradient:', () => {
  test('nothing below the lowest parameter', () => {
    const f = chain(4);
    const graph = backward(f, f.updates[2]!);
    const blocks = new Set(graph.nodes.filter(({ phase }) => phase === 'backward').map(({ block }) => block));
    assert.deepEqual([...blocks].filter((block) => block !== undefined).sort(), [2, 3]);
    assert.equal(inBackward(graph, 'siluGrad'), 2);
  });

  test('two products per layer above: through the frozen weight and through the update', () => {
    const f = chain(3);
    const [, b0] = f.updates[0]!;
    // db0 needs 1; each layer above 3: through W, B and A.
    assert.equal(inBackward(backward(f, [b0]), 'matmul'), 1 + 2 * 3);
  });

  test('no product with what is frozen itself', () => {
    const f = chain(1);
    // dB = dyᵀ·(x·Aᵀ), and for dA the way back through B, then its product with x: three, none for x or W.
    assert.equal(inBackward(backward(f, f.updates[0]!), 'matmul'), 3);
  });

  test('a frozen weight only where it is asked for', () => {
    const f = chain(1);
    const weight = f.b.weight('w0', [4, 4]);
    assert.equal(inBackward(backward(f, [weight]), 'matmul'), 1);
  });

  test('nothing where nothing is asked for', () => {
    const f = chain(2);
    const before = f.b.nodes.length;
    assert.deepEqual(gradients(f.b, new Map([[f.loss, f.b.scalar(1)]]), []), []);
    assert.equal(f.b.nodes.slice(before).filter(({ op }) => op !== 'constant').length, 0);
  });
});

test('gradients belong to the place of what they are gradients of', () => {
  const f = chain(2);
  const graph = backward(f, f.updates[0]!);
  const slope = graph.nodes.filter(({ op }) => op === 'siluGrad');
  assert.deepEqual(
    slope.map(({ scope, block, phase }) => [scope, block, phase]),
    [
      ['layers.1', 1, 'backward'],
      ['layers.0', 0, 'backward'],
    ],
  );
});

describe('seeds', () => {
  test('may lie inside the graph, without a loss', () => {
    const f = chain(2);
    const hidden = f.loss.node.inputs[0]!;
    const seed = f.b.input('seed', 'f32', hidden.shape);
    const [found] = gradients(f.b, new Map([[hidden, seed]]), [f.updates[1]![1]]);
    assert.deepEqual(found?.shape, [4, 2]);
  });

  test('of several values are added up', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'f32', [3]);
    const [one, two] = [b.scale(x, 2), b.scale(x, 3)];
    const [found] = gradients(
      b,
      new Map([
        [one, b.input('first', 'f32', [3])],
        [two, b.input('second', 'f32', [3])],
      ]),
      [x],
    );
    assert.equal(found?.node.op, 'add');
  });

  test('stop at a parameter that is computed from another one', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'f32', [3]);
    const hidden = b.scale(x, 2);
    const seeds = new Map([[b.scale(hidden, 3), b.input('seed', 'f32', [3])]]);
    const [dx, dHidden] = gradients(b, seeds, [x, hidden]);
    assert.equal(dx, undefined, 'what comes through the other one is not counted twice');
    assert.equal(dHidden?.node.op, 'scale');
  });

  test('of a parameter itself are its gradient', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'f32', [3]);
    const seed = b.input('seed', 'f32', [3]);
    assert.deepEqual(gradients(b, new Map([[x, seed]]), [x]), [seed]);
  });
});

describe('there is no gradient', () => {
  test('for a parameter that no seed depends on', () => {
    const f = chain(1);
    const other = f.b.input('other', 'f32', [4]);
    const found = gradients(f.b, new Map([[f.loss, f.b.scalar(1)]]), [other, f.updates[0]![0]]);
    assert.equal(found[0], undefined);
    assert.ok(found[1]);
  });

  test('through an op that cannot be differentiated, which is named with its place', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'f32', ['N', 4]);
    const y = b.within({ scope: 'model.head' }, () => b.reduceMax(x, [1]));
    assert.throws(
      () => gradients(b, new Map([[y, b.input('seed', 'f32', ['N'])]]), [x]),
      /reduceMax in model\.head has no gradient/,
    );
  });

  test('but an op that cannot be differentiated is no obstacle beside the way', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'f32', ['N', 4]);
    const labels = b.input('labels', 'i32', ['N']);
    const weights = b.op('oneHot', { depth: 4 }, labels);
    const [found] = gradients(b, new Map([[b.mul(x, weights), b.input('seed', 'f32', ['N', 4])]]), [x]);
    assert.equal(found?.node.op, 'mul');
  });
});
