import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import { decompose, decompositions } from '../../../src/engine/graph/decompose';
import type { ComposedOp } from '../../../src/engine/graph/decompose';
import type { Op } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import { opCases } from '../../conformance/opCases';
import { opProgram } from '../../conformance/program';
import type { OpCase } from '../../conformance/program';
import { assertSameNumbers } from './numbers';

const composed = Object.keys(decompositions) as ComposedOp[];

describe('an op in simpler ones gives the numbers of the op:', () => {
  for (const op of composed) {
    for (const entry of opCases[op] as readonly OpCase<Op>[]) {
      test(`${op}: ${entry.name}`, async () => {
        const program = opProgram<Op>(op, entry);
        const simpler = verify(decompose(program.graph), 'decompose');
        assert.ok(
          simpler.nodes.every((node) => !composed.includes(node.op as ComposedOp)),
          'nothing composed is left',
        );
        await assertSameNumbers(program, simpler);
      });
    }
  }
});

test('an op for which a runtime has a kernel stays', () => {
  const { graph } = opProgram('swiglu', opCases.swiglu[0]!);
  assert.ok(decompose(graph, new Set(['swiglu'])).nodes.some(({ op }) => op === 'swiglu'));
  assert.ok(decompose(graph, new Set(['attention'])).nodes.every(({ op }) => op !== 'swiglu'));
});

test('the backward pass of attention computes its probabilities again instead of holding those of all layers', () => {
  const b = new GraphBuilder();
  const [q, dy] = [b.input('q', 'f32', ['B', 'T', 2, 4]), b.input('dy', 'f32', ['B', 'T', 2, 4])];
  const mask = b.input('mask', 'f32', ['B', 1, 'T', 'T']);
  const y = b.op('attention', { scale: 1 }, q, q, q, mask);
  const [dq] = b.node('attentionGrad', { scale: 1 }, q, q, q, mask, dy).outputs;
  const { nodes } = decompose(b.finish({ y, dq: dq! }));
  const softmaxes = nodes.filter(({ op }) => op === 'softmax');
  assert.equal(softmaxes.length, 2);
});
