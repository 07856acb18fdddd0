import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { peakMemory } from '../../../src/engine/graph/peakMemory';
import { keepNothing, keepProducts, recompute } from '../../../src/engine/graph/recompute';
import type { Graph, Node, Value } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import { assertSameNumbers } from './numbers';
import { blocks, stack } from './stack';

const count = (graph: Graph, op: Node['op'], phase: Node['phase']): number =>
  graph.nodes.filter((node) => node.op === op && node.phase === phase).length;

describe('recomputing the forward pass of a block in its backward pass', () => {
  for (const [name, keep] of Object.entries({ keepNothing, keepProducts })) {
    test(`changes no number (${name})`, async () => {
      await assertSameNumbers(stack, verify(recompute(stack.graph, keep), 'recompute'), 0);
    });
  }

  test('repeats what it does not keep, where the backward pass reads it', () => {
    const graph = recompute(stack.graph, keepProducts);
    assert.equal(count(stack.graph, 'rmsNorm', 'backward'), 0);
    assert.equal(count(graph, 'rmsNorm', 'backward'), blocks);
    assert.equal(count(graph, 'swiglu', 'backward'), 0, 'nothing reads the gated product');
    assert.equal(count(graph, 'matmul', 'forward'), count(stack.graph, 'matmul', 'forward'));
    assert.equal(count(graph, 'matmul', 'backward'), count(stack.graph, 'matmul', 'backward'));
  });

  test('keeps what it is told to keep', () => {
    const graph = recompute(stack.graph, () => true);
    assert.equal(graph.nodes.length, stack.graph.nodes.length);
  });

  test('waits for the gradient that comes into the block', () => {
    const graph = recompute(stack.graph, keepNothing);
    const gates = graph.nodes.filter(({ op }) => op === 'gate');
    assert.equal(gates.length, blocks);
    for (const gate of gates) {
      const [x, after] = gate.inputs as [Value, Value];
      const reader = graph.nodes.find(({ inputs }) => inputs.includes(gate.outputs[0]!))!;
      assert.equal(after.node.phase, 'backward');
      assert.notEqual(after.node.block, reader.block);
      assert.ok(x.node.op !== 'weight' || x.shape.length === 1, 'frozen matrices are not copied');
    }
  });

  test('lets fewer values live at once, the more it recomputes', () => {
    const symbols = new Map([['N', 100]]);
    const [all, products, nothing] = [
      stack.graph,
      recompute(stack.graph, keepProducts),
      recompute(stack.graph, keepNothing),
    ].map((graph) => peakMemory(graph, symbols)) as [number, number, number];
    assert.ok(products < all, `${products} < ${all}`);
    assert.ok(nothing < products, `${nothing} < ${products}`);
  });
});
