import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op } from '../../src/engine/graph/types';
import { assertConforms } from './assertConforms';
import {
  halfCases,
  halfProgram,
  halfReference,
  halfStepTolerance,
  halfTolerances,
  halfTraining,
  widened,
} from './halfPrecision';
import { onTensorflow, runtimes } from './runtimes';
import { families } from './trainingPrograms';

// ONNX Runtime computes in f32 on the processor: what is emitted is tried here, not how devices round.
for (const runtime of onTensorflow ? [] : runtimes) {
  describe(`${runtime.name} computes in half precision`, () => {
    for (const op of Object.keys(halfTolerances) as Op[]) {
      test(op, async (context) => {
        const cases = halfCases(op);
        const tolerance = runtime.name === 'reference' ? halfTolerances[op]! : widened;
        assert.ok(cases.length > 0, `${op} has no cases`);
        for (const entry of cases) {
          await context.test(entry.name, () =>
            assertConforms(runtime, halfProgram(op, entry), tolerance, { runtime: halfReference }),
          );
        }
      });
    }

    for (const family of families) {
      for (const method of ['lora', 'full'] as const) {
        test(`a training step: ${family}, ${method}`, () => {
          const { half, single } = halfTraining(family, method, 'cheap');
          return assertConforms(runtime, half, halfStepTolerance, { graph: single.graph });
        });
      }
    }
  });
}
