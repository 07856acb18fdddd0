import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../../src/engine/autodiff/gradients';
import type { GraphBuilder } from '../../../src/engine/graph/builder';
import { peakMemory } from '../../../src/engine/graph/peakMemory';
import { keepNothing, keepProducts, recompute } from '../../../src/engine/graph/recompute';
import type { Graph, Node, Value } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import { asWeight, normal } from '../../conformance/operand';
import type { Operand } from '../../conformance/operand';
import { program } from '../../conformance/program';
import { assertSameNumbers } from './numbers';

const blocks = 3;
const width = 16;

/** Blocks of a norm and a gated unit with a low-rank update, each a residual; the gradients of the updates. */
const stack = program(
  'a stack of blocks',
  {
    x: normal(['N', 4]),
    ...Object.fromEntries(
      Array.from({ length: blocks }, (_, i): [string, Operand][] => [
        [`norm${i}`, asWeight(normal([4]))],
        [`gate${i}`, asWeight(normal([width, 4]))],
        [`up${i}`, asWeight(normal([width, 4]))],
        [`down${i}`, asWeight(normal([4, width]))],
        [`a${i}`, normal([2, 4])],
        [`b${i}`, normal([width, 2])],
      ]).flat(),
    ),
  },
  [{ N: 5 }, { N: 1 }],
  (b, v) => {
    let x = v['x']!;
    for (let i = 0; i < blocks; i++) x = b.within({ scope: `block.${i}`, block: i }, () => block(b, v, x, i));
    const loss = b.reduceSum(b.op('tanh', {}, x), [0, 1]);
    const names = Array.from({ length: blocks }, (_, i) => [`a${i}`, `b${i}`]).flat();
    const found = gradients(
      b,
      new Map([[loss, b.scalar(1)]]),
      names.map((name) => v[name]!),
    );
    return { loss, ...Object.fromEntries(names.map((name, i) => [`d${name}`, found[i]!])) };
  },
);

function block(b: GraphBuilder, v: Readonly<Record<string, Value>>, x: Value, i: number): Value {
  const linear = (input: Value, name: string): Value => b.matmul(input, v[`${name}${i}`]!, { transposeB: true });
  const h = b.op('rmsNorm', { epsilon: 1e-5 }, x, v[`norm${i}`]!);
  const gate = b.add(linear(h, 'gate'), linear(linear(h, 'a'), 'b'));
  return b.add(x, linear(b.op('swiglu', {}, gate, linear(h, 'up')), 'down'));
}

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
