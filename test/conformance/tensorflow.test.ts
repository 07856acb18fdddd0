import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../src/engine/graph/builder';
import { f32, floats } from '../../src/engine/runtime/runtime';
import type { TensorflowRuntime } from '../../src/engine/runtime/tensorflow/tensorflowRuntime';
import { assertConforms } from './assertConforms';
import { onTensorflow, tensorflow } from './runtimes';
import { families, trainingProgram } from './trainingPrograms';

const skip = onTensorflow ? false : 'TensorFlow has a test run of its own: npm run test:tensorflow';

const ways = { 'as a whole': tensorflow, 'kernel by kernel': () => tensorflow(() => undefined) };

describe('TensorFlow kernel by kernel', { skip }, () => {
  // As a whole it passes every case of the conformance suite.
  for (const family of families) {
    test(`computes a training step of ${family}, and tells of each kernel`, async () => {
      const heard = new Set<string>();
      const runtime = tensorflow((kernel) => heard.add(kernel));
      const tolerance = { relative: 1e-4, ofScale: 2e-5, absolute: 5e-6 };
      await assertConforms(runtime, trainingProgram(family, 'lora', 'cheap'), tolerance);
      assert.ok(heard.has('MatMul') && heard.has('Softmax'), [...heard].join());
    });
  }
});

describe('TensorFlow holds no tensor longer than it is needed', { skip }, () => {
  for (const [way, runtime] of Object.entries(ways)) {
    test(`none after a training step, compiled ${way}, is disposed of`, () => assertHoldsNone(runtime));
  }
  test('none after a step that fails', async () => {
    const b = new GraphBuilder();
    const table = b.input('table', 'f32', [3, 2]);
    const graph = b.finish({ y: b.scale(b.gather(b.scale(table, 2), b.input('rows', 'i32', ['N'])), 2) });
    const executable = await tensorflow().compile(graph, () => assert.fail('there are no weights'));
    const atFirst = executable.tensors;
    const run = (row: number) =>
      executable.run({
        table: f32(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]),
        rows: { dtype: 'i32', shape: [1], data: Int32Array.of(row) },
      });
    await assert.rejects(run(3), /not in \[0, 3\)/);
    assert.equal(executable.tensors, atFirst);
    assert.deepEqual([...floats(await run(2), 'y')], [20, 24]);
    await executable.dispose();
    assert.equal(executable.tensors, 0);
  });

  test('none where a weight cannot be read', async () => {
    const b = new GraphBuilder();
    const graph = b.finish({ y: b.add(b.weight('a', [2]), b.weight('b', [2])) });
    const first = await tensorflow().compile(graph, () => ({ kind: 'memory', data: new Float32Array(2) }));
    const one = first.tensors;
    await assert.rejects(
      tensorflow().compile(graph, (name) => ({ kind: 'memory', data: new Float32Array(name === 'a' ? 2 : 3) })),
      /b has 3 values, expected 2/,
    );
    assert.equal(first.tensors, one);
    await first.dispose();
  });
});

async function assertHoldsNone(runtime: () => TensorflowRuntime): Promise<void> {
  for (const family of families) {
    const { graph, weights, runs } = trainingProgram(family, 'lora', 'cheap');
    const executable = await runtime().compile(graph, weights);
    const atFirst = executable.tensors;
    assert.ok(atFirst > 0, 'weights and constants are kept');
    for (const { inputs } of runs) {
      await executable.run(inputs);
      assert.equal(executable.tensors, atFirst, `${family}: after a step`);
    }
    await executable.dispose();
    assert.equal(executable.tensors, 0, family);
  }
}
