import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nonEmpty } from '../../../src/engine/graph/nonEmpty';
import { bindInputs } from '../../../src/engine/runtime/bindInputs';
import { cutToSize, filledIn } from '../../../src/engine/runtime/onnx/fillIn';
import { ReferenceRuntime } from '../../../src/engine/runtime/reference/referenceRuntime';
import type { Tensors } from '../../../src/engine/runtime/runtime';
import { verify } from '../../../src/engine/graph/verify';
import { assertClose, summed } from '../../conformance/compare';
import { below, normal } from '../../conformance/operand';
import { opCases } from '../../conformance/opCases';
import { opProgram, program } from '../../conformance/program';
import type { Program } from '../../conformance/program';
import { families, trainingProgram } from '../../conformance/trainingPrograms';

const runtime = new ReferenceRuntime();

/** The results of the rewritten graph, and the sizes of all tensors that were fed. */
async function runFilled(original: Program, inputs: Tensors): Promise<{ results: Tensors; fed: Tensors }> {
  const { graph, presence } = nonEmpty(original.graph);
  verify(graph, 'nonEmpty');
  const symbols = bindInputs(original.graph, inputs);
  const fed = filledIn(original.graph, inputs, symbols, presence);
  const executable = await runtime.compile(graph, original.weights);
  const results = await executable.run(fed);
  const cut = [...original.graph.outputs].map(([name, value]) => [name, cutToSize(results[name]!, value, symbols)]);
  return { results: Object.fromEntries(cut) as Tensors, fed };
}

async function assertSame(original: Program): Promise<void> {
  const executable = await runtime.compile(original.graph, original.weights);
  for (const { inputs } of original.runs) {
    const { results, fed } = await runFilled(original, inputs);
    assertClose(results, await executable.run(inputs), summed);
    for (const { shape } of Object.values(fed)) assert.ok(!shape.includes(0), 'nothing without elements is fed');
  }
}

describe('a graph whose sizes of 0 are run as 1 gives the same numbers', () => {
  const sizes = [{ N: 3 }, { N: 0 }, { N: 1 }];
  const rows = { x: normal(['N', 4]), y: normal(['N', 3]), labels: below(3, ['N']) };

  test('in sums over rows, and in results of no rows', () =>
    assertSame(
      program('sums', rows, sizes, (b, { x, y, labels }) => ({
        product: b.matmul(x!, y!, { transposeA: true }),
        total: b.reduceSum(x!, [0, 1]),
        loss: b.op('crossEntropy', {}, y!, labels!),
        scattered: b.op('scatterAdd', { rows: 3 }, labels!, x!),
        same: x!,
        scaled: b.scale(y!, 2),
      })),
    ));

  test('in attention to no earlier positions', () =>
    assertSame(
      opProgram(
        'cachedAttention',
        opCases.cachedAttention.find(({ name }) => name === 'symbols')!,
      ),
    ));

  for (const family of families) {
    test(`in a training step of ${family}, with empty chunks of the loss`, () =>
      assertSame(trainingProgram(family, 'lora', 'cheap')));
  }
});

test('a batch always has rows: sums over them stay as they are', () => {
  const { graph } = program('batch', { x: normal(['B', 'T', 4]) }, [{ B: 1, T: 1 }], (b, { x }) => ({
    total: b.reduceSum(x!, [0, 1]),
  }));
  const { graph: rewritten, presence } = nonEmpty(graph);
  assert.equal(presence.size, 0);
  assert.deepEqual(
    rewritten.nodes.map(({ op }) => op),
    graph.nodes.map(({ op }) => op),
  );
});
