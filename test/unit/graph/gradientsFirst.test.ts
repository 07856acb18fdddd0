import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradientsFirst } from '../../../src/engine/graph/gradientsFirst';
import { keepNothing, recompute } from '../../../src/engine/graph/recompute';
import type { Graph, Value } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import { assertSameNumbers } from './numbers';
import { blocks, stack } from './stack';

const waiting = verify(gradientsFirst(stack.graph), 'gradientsFirst');

/** All values that one needs. */
function needed(value: Value, known = new Set<Value>()): ReadonlySet<Value> {
  if (known.has(value)) return known;
  known.add(value);
  value.node.inputs.forEach((input) => needed(input, known));
  return known;
}

const gradient = (graph: Graph, block: number, name: 'a' | 'b'): Value => graph.outputs.get(`d${name}${block}`)!;

describe('the gradients of a block before the backward pass leaves it', () => {
  test('change no number', async () => {
    await assertSameNumbers(stack, waiting, 0);
    await assertSameNumbers(stack, recompute(waiting, keepNothing), 0);
  });

  test('are needed by those of the block before it, which nothing made so beforehand', () => {
    for (const graph of [waiting, recompute(waiting, keepNothing)]) {
      for (let block = 1; block < blocks; block++) {
        const before = needed(gradient(graph, block - 1, 'a'));
        for (const name of ['a', 'b'] as const) {
          assert.ok(before.has(gradient(graph, block, name)), `d${name}${block}`);
        }
      }
    }
    assert.ok(!needed(gradient(stack.graph, 0, 'a')).has(gradient(stack.graph, 1, 'a')));
  });

  test('nothing waits where a block has nothing that is trained', () => {
    const { graph } = stack;
    const outputs = new Map([...graph.outputs].filter(([name]) => name !== 'da2' && name !== 'db2'));
    const gates = gradientsFirst({ ...graph, outputs }).nodes.filter(({ op }) => op === 'gate');
    assert.equal(gates.length, blocks - 2);
  });
});
