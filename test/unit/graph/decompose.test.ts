import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
