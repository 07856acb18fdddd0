import assert from 'node:assert/strict';
import type { Graph } from '../../../src/engine/graph/types';
import { ReferenceRuntime } from '../../../src/engine/runtime/reference/referenceRuntime';
import type { DenseArrays } from '../../../src/engine/runtime/reference/referenceRuntime';
import type { Tensors } from '../../../src/engine/runtime/runtime';
import type { Program } from '../../conformance/program';

/** Asserts that `rewritten` gives, in float64, the numbers of the program's graph, but for the last digits. */
export async function assertSameNumbers(program: Program, rewritten: Graph, tolerance = 1e-9): Promise<void> {
  const runtime = new ReferenceRuntime({ precision: 'f64' });
  const expected = await runtime.compile(program.graph, program.weights);
  const actual = await runtime.compile(rewritten, program.weights);
  for (const { sizes, inputs } of program.runs) {
    assertEqual(await actual.runDense(dense(inputs)), await expected.runDense(dense(inputs)), tolerance, sizes);
  }
}

function dense(inputs: Tensors): DenseArrays {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
  );
}

function assertEqual(actual: DenseArrays, expected: DenseArrays, tolerance: number, sizes: unknown): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [name, { shape, data }] of Object.entries(expected)) {
    assert.deepEqual(actual[name]!.shape, shape);
    data.forEach((value, i) => {
      const other = actual[name]!.data[i]!;
      assert.ok(
        Object.is(other, value) || Math.abs(other - value) <= tolerance * (1 + Math.abs(value)),
        `${name}[${i}] is ${other}, expected ${value}, with ${JSON.stringify(sizes)}`,
      );
    });
  }
}
