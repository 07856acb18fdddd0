import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import { decompose } from '../../../src/engine/graph/decompose';
import { halfPrecision } from '../../../src/engine/graph/halfPrecision';
import { nonEmpty } from '../../../src/engine/graph/nonEmpty';
import { distributeOneHot } from '../../../src/engine/graph/oneHot';
import { peakMemory } from '../../../src/engine/graph/peakMemory';
import { plainProducts } from '../../../src/engine/graph/plainProducts';
import { halfDtypes } from '../../../src/engine/graph/types';
import type { Graph, HalfDtype, Node, Value } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import { trainingProgram } from '../../conformance/trainingPrograms';
import { assertSameNumbers } from './numbers';
import { stack } from './stack';

const { graph: single } = trainingProgram('qwen2', 'lora', 'cheap', true);

function typesOf(graph: Graph, op: Node['op'], isWanted: (node: Node) => boolean = () => true): readonly string[] {
  const nodes = graph.nodes.filter((node) => node.op === op && isWanted(node));
  assert.ok(nodes.length > 0, `there is no ${op}`);
  return [...new Set(nodes.flatMap(({ outputs }) => outputs.map(({ dtype }) => dtype)))].sort();
}

const isTotal = ({ outputs }: Node): boolean => outputs[0]!.shape.every((dim) => typeof dim === 'number');

for (const dtype of halfDtypes) {
  describe(`a graph in ${dtype}`, () => assertions(dtype));
}

function assertions(dtype: HalfDtype): void {
  const half = verify(halfPrecision(single, dtype), 'halfPrecision');

  test('is the same computation', async () => {
    await assertSameNumbers(stack, verify(halfPrecision(stack.graph, dtype), 'halfPrecision'));
  });

  test('takes and gives what it took and gave before', () => {
    const leaves = (graph: Graph): object[] =>
      graph.nodes.flatMap((node) => (node.op === 'input' ? [node.attributes] : []));
    assert.deepEqual(leaves(half), leaves(single));
    const results = (graph: Graph): string[] => [...graph.outputs].map(([name, { dtype }]) => `${name} ${dtype}`);
    assert.deepEqual(results(half), results(single));
  });

  test('holds matrices in it, and vectors in f32', () => {
    assert.deepEqual(
      typesOf(half, 'weight', ({ outputs }) => outputs[0]!.shape.length > 1),
      [dtype],
    );
    assert.deepEqual(
      typesOf(half, 'weight', ({ outputs }) => outputs[0]!.shape.length === 1),
      ['f32'],
    );
  });

  test('multiplies in it, but for sums over tokens, which are gradients of what is trained', () => {
    assert.deepEqual(
      typesOf(half, 'matmul', (node) => !isTotal(node)),
      [dtype],
    );
    assert.deepEqual(typesOf(half, 'matmul', isTotal), ['f32']);
    for (const op of ['attention', 'attentionGrad', 'rope', 'swiglu', 'swigluGrad'] as const) {
      assert.deepEqual(typesOf(half, op), [dtype], op);
    }
  });

  test('keeps the residual stream, norms and the loss in f32', () => {
    for (const op of ['rmsNorm', 'rmsNormGrad', 'softmax', 'crossEntropy'] as const) {
      assert.deepEqual(typesOf(half, op), ['f32'], op);
    }
    const streams = half.nodes.filter(({ op, inputs }) => op === 'rmsNorm' && inputs[0]!.shape.length === 2);
    assert.ok(streams.length > 2);
    for (const { inputs } of streams) {
      const [{ node }] = inputs as [Value];
      assert.ok(
        node.op !== 'cast' || node.inputs[0]!.node.op === 'gather',
        'nothing but a table is widened for a norm',
      );
    }
  });

  test('adds a bias without widening the sum', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'f32', ['N', 4]);
    const product = b.matmul(x, b.weight('w', [3, 4]), { transposeB: true });
    const graph = halfPrecision(b.finish({ y: b.add(product, b.weight('bias', [3])) }), dtype);
    assert.deepEqual(typesOf(graph, 'add'), [dtype]);
  });

  test('converts for the backward pass what was held for it, not before its gradient is there', () => {
    const forBackward = half.nodes.filter(({ op, phase }) => op === 'cast' && phase === 'backward');
    assert.ok(forBackward.length > 0);
    for (const { inputs } of forBackward) {
      const [{ node, shape }] = inputs as [Value];
      const isTrained = shape.every((dim) => typeof dim === 'number');
      assert.ok(node.phase === 'backward' || isTrained, `${node.op} of the forward pass`);
    }
  });

  test('can be brought into the terms of a device', () => {
    const lowered = nonEmpty(plainProducts(decompose(distributeOneHot(half)))).graph;
    verify(lowered, 'lowering');
    assert.deepEqual(typesOf(lowered, 'softmax'), ['f32']);
  });

  test('needs less memory', () => {
    const symbols = new Map([
      ['B', 2],
      ['T', 6],
      ['S0', 4],
      ['S1', 4],
      ['S2', 4],
    ]);
    assert.ok(peakMemory(decompose(half), symbols) < peakMemory(decompose(single), symbols));
  });

  test('that gives it is no graph', () => {
    const b = new GraphBuilder();
    const graph = b.finish({ y: b.cast(b.input('x', 'f32', ['N']), dtype) });
    assert.throws(() => verify(graph, 'test'), new RegExp(`output y is ${dtype}`));
  });
}
