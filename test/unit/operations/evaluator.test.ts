import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { weightSource } from '../../../src/engine/operations/compile';
import { Evaluator } from '../../../src/engine/operations/evaluator';
import { closePrepared, prepare } from '../../../src/engine/operations/prepare';
import { startingValues } from '../../../src/engine/operations/startingValues';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import type { Runtime, Tensor } from '../../../src/engine/runtime/runtime';
import { initialState } from '../../../src/engine/train/state';
import { jsonLines, tinyRows } from '../../tiny/recipe';
import { load, project } from './engine';

/** How many rows one evaluation computes: 1,300 are set aside. */
async function evaluatedRows(t: TestContext, dataset: object): Promise<number> {
  const tiny = await project(t, { dataset: { ...dataset, packing: true } });
  await writeFile(tiny.data, jsonLines(tinyRows(2600)));
  await writeFile(path.join(tiny.folder, 'eval.jsonl'), jsonLines(tinyRows(1300)));
  const prepared = await prepare(await load(tiny));
  t.after(() => closePrepared(prepared));
  let rows = 0;
  const onnx = new OnnxRuntime({ threads: 1 });
  const counting: Runtime = {
    name: 'onnxruntime',
    device: 'cpu',
    async compile(graph, weights) {
      const executable = await onnx.compile(graph, weights);
      return {
        run: (inputs) => {
          rows += countSegments(inputs['segments']!);
          return executable.run(inputs);
        },
        dispose: () => executable.dispose(),
      };
    },
  };
  const { tensors } = await startingValues(prepared);
  const trained = prepared.adapter.trainables.map(({ name, shape }) => ({
    ...{ name, shape, decays: false },
    values: tensors.get(name)!,
  }));
  const evaluator = new Evaluator(prepared, counting, weightSource(prepared.base), initialState(trained, []));
  t.after(() => evaluator.dispose());
  await evaluator.evaluate(new AbortController().signal);
  return rows;
}

/** The rows that share the lines of a micro-batch: each has a number in its line. */
function countSegments({ data, shape: [lines, length] }: Tensor): number {
  return Array.from({ length: lines! }, (_, line) =>
    Math.max(...data.subarray(line * length!, (line + 1) * length!)),
  ).reduce((sum, count) => sum + count);
}

test('an evaluation is on about a thousand of the rows set aside at most', async (t) => {
  const rows = await evaluatedRows(t, { eval_split: 0.5 });
  // It ends with a whole batch.
  assert.ok(rows >= 1000 && rows < 1010, `${rows}`);
});

test('an evaluation is on all rows of a file of their own', async (t) => {
  assert.equal(await evaluatedRows(t, { eval_path: 'eval.jsonl' }), 1300);
});
