import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import { printGraph } from '../../../src/engine/graph/print';
import { rewrite } from '../../../src/engine/graph/rewrite';
import type { Graph } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';

function graph(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', 'f32', ['N']);
  return b.within({ scope: 'model', block: 3, phase: 'backward' }, () => {
    const y = b.op('silu', {}, b.scale(x, 2));
    return b.finish({ y, twice: b.add(y, y) });
  });
}

test('a rule that changes nothing gives the same program', () => {
  const copy = verify(
    rewrite(graph(), () => undefined),
    'copy',
  );
  assert.equal(printGraph(copy), printGraph(graph()));
});

test('replacements read each other, keep their place, and what nobody reads any more is gone', () => {
  const places: unknown[] = [];
  const result = rewrite(graph(), (node, inputs, b) => {
    if (node.op === 'scale') return [inputs[0]!];
    if (node.op !== 'silu') return undefined;
    const replaced = b.op('tanh', {}, inputs[0]!);
    places.push([replaced.node.scope, replaced.node.block, replaced.node.phase]);
    return [replaced];
  });
  assert.deepEqual(
    verify(result, 'rewrite').nodes.map(({ op }) => op),
    ['input', 'tanh', 'add'],
  );
  assert.deepEqual(places, [['model', 3, 'backward']]);
});

test('nodes that become equal become one', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'f32', [2]);
  const both = b.finish({ a: b.op('silu', {}, x), b: b.op('tanh', {}, x) });
  const result = rewrite(both, ({ op }, inputs, builder) =>
    op === 'silu' ? [builder.op('tanh', {}, inputs[0]!)] : undefined,
  );
  assert.equal(result.outputs.get('a'), result.outputs.get('b'));
});
