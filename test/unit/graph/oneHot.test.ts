import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradients } from '../../../src/engine/autodiff/gradients';
import { distributeOneHot } from '../../../src/engine/graph/oneHot';
import { verify } from '../../../src/engine/graph/verify';
import { below, normal } from '../../conformance/operand';
import { program } from '../../conformance/program';
import { assertSameNumbers } from './numbers';

const runs = [{ N: 5 }, { N: 0 }, { N: 1 }];

describe('multiplying one-hot rows out changes no number:', () => {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      for (const alpha of [1, 0.25]) {
        const name = `${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'} by ${alpha}`;
        test(name, async () => {
          const other = transposeA ? (transposeB ? [3, 'N'] : ['N', 3]) : transposeB ? [3, 7] : [7, 3];
          const original = program(
            name,
            { logits: normal(['N', 7]), labels: below(7, ['N']), other: normal(other) },
            runs,
            (b, v) => {
              const hot = b.op('oneHot', { depth: 7 }, v['labels']!);
              const slopes = b.sub(b.softmax(v['logits']!), hot);
              return { y: b.matmul(slopes, v['other']!, { transposeA, transposeB, alpha }) };
            },
          );
          const distributed = verify(distributeOneHot(original.graph), 'distributeOneHot');
          assert.ok(!distributed.nodes.some(({ op }) => op === 'oneHot'), 'no one-hot row is left');
          await assertSameNumbers(original, distributed);
        });
      }
    }
  }
});

test('the gradient of a cross entropy never holds a one-hot row', async () => {
  const operands = { h: normal(['N', 4]), w: normal([7, 4]), labels: below(7, ['N']) };
  const original = program('head', operands, runs, (b, { h, w, labels }) => {
    const loss = b.op('crossEntropy', {}, b.matmul(h!, w!, { transposeB: true }), labels!);
    const [dh, dw] = gradients(b, new Map([[loss, b.scalar(1)]]), [h!, w!]);
    return { loss, dh: dh!, dw: dw! };
  });
  const distributed = verify(distributeOneHot(original.graph), 'distributeOneHot');
  assert.ok(original.graph.nodes.some(({ op }) => op === 'oneHot'));
  assert.ok(!distributed.nodes.some(({ op }) => op === 'oneHot'));
  await assertSameNumbers(original, distributed);
});

test('other differences stay as they are', () => {
  const { graph } = program('plain', { a: normal([2, 3]), b: normal([2, 3]), c: normal([3, 2]) }, [{}], (b, v) => ({
    y: b.matmul(b.sub(v['a']!, v['b']!), v['c']!),
  }));
  assert.deepEqual(
    distributeOneHot(graph).nodes.map(({ op }) => op),
    graph.nodes.map(({ op }) => op),
  );
});
