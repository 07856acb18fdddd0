import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decompose } from '../../../src/engine/graph/decompose';
import { plainProducts } from '../../../src/engine/graph/plainProducts';
import type { Graph } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import { normal } from '../../conformance/operand';
import { program } from '../../conformance/program';
import { families, trainingProgram } from '../../conformance/trainingPrograms';
import { assertSameNumbers } from './numbers';

/** Products that a device without transposed or scaled stacked products cannot compute. */
function fused({ nodes }: Graph): number {
  return nodes.filter(({ op, attributes, outputs }) => {
    if (op !== 'matmul' || outputs[0]!.shape.length === 2) return false;
    const { transposeA, transposeB, alpha } = attributes as { transposeA: boolean; transposeB: boolean; alpha: number };
    return transposeA || transposeB || alpha !== 1;
  }).length;
}

describe('plain products of stacked matrices change no number:', () => {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      for (const alpha of [1, 0.25]) {
        const name = `${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'} by ${alpha}`;
        test(name, async () => {
          const original = program(
            name,
            {
              a: normal(transposeA ? ['B', 2, 4, 'T'] : ['B', 2, 'T', 4]),
              b: normal(transposeB ? ['B', 'T', 2, 4] : ['B', 4, 2, 'T']),
            },
            [{ B: 2, T: 3 }],
            (b, v) => ({
              y: b.matmul(v['a']!, b.transpose(v['b']!, [0, 2, 1, 3]), { transposeA, transposeB, alpha }),
            }),
          );
          const plain = verify(plainProducts(original.graph), 'plainProducts');
          assert.equal(fused(plain), 0);
          await assertSameNumbers(original, plain);
        });
      }
    }
  }

  for (const family of families) {
    test(`a training step of ${family}`, async () => {
      const original = trainingProgram(family, 'lora', 'cheap');
      const simple = decompose(original.graph);
      assert.ok(fused(simple) > 0);
      const plain = verify(plainProducts(simple), 'plainProducts');
      assert.equal(fused(plain), 0);
      await assertSameNumbers(original, plain);
    });
  }
});

test('a transposed operand is transposed once', () => {
  const { graph } = program('turned', { a: normal([2, 3, 3]), b: normal([2, 3, 3]) }, [{}], (b, v) => ({
    y: b.matmul(b.transpose(v['a']!, [0, 2, 1]), v['b']!),
    z: b.matmul(b.transpose(v['a']!, [0, 2, 1]), b.transpose(v['b']!, [0, 2, 1]), {
      transposeA: true,
      transposeB: true,
    }),
  }));
  const transpositions = plainProducts(graph).nodes.filter(({ op }) => op === 'transpose');
  assert.equal(transpositions.length, 1, 'only the one that y reads');
});
