import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { halfDtypes } from '../../src/engine/graph/types';
import type { HalfDtype, Op } from '../../src/engine/graph/types';
import type { Runtime } from '../../src/engine/runtime/runtime';
import { assertConforms } from './assertConforms';
import type { Tolerance } from './compare';
import {
  assertStepConforms,
  halfCases,
  halfOps,
  halfProgram,
  halfReference,
  halfTolerance,
  halfTraining,
  sumsInHalfTolerance,
  widened,
} from './halfPrecision';
import { runtimes } from './runtimes';
import { families } from './trainingPrograms';

for (const runtime of runtimes) {
  for (const half of halfDtypes) {
    // ONNX Runtime has no bfloat16 on the processor.
    if (runtime.name === 'onnxruntime' && half === 'bf16') continue;
    describe(`${runtime.name} computes in ${half}`, () => {
      for (const op of halfOps) {
        test(op, async (context) => {
          const cases = halfCases(op).filter(({ name }) => isTold(runtime, half, name));
          assert.ok(cases.length > 0, `${op} has no cases`);
          for (const entry of cases) {
            await context.test(entry.name, () =>
              assertConforms(runtime, halfProgram(op, entry, half), toleranceOf(runtime, op, half), {
                runtime: halfReference,
              }),
            );
          }
        });
      }

      for (const family of families) {
        for (const method of ['lora', 'full'] as const) {
          test(`a training step: ${family}, ${method}`, () =>
            assertStepConforms(runtime, halfTraining(family, method, 'cheap', half), half));
        }
      }
    });
  }
}

/** One more digit of a large score is a factor of its probability. */
function isTold({ name }: Runtime, half: HalfDtype, entry: string): boolean {
  return entry !== 'large scores' || (half === 'f16' && name !== 'tensorflow');
}

// On the processor it computes in f32 what is to be f16: what is emitted is tried there, not how devices round.
function toleranceOf({ name }: Runtime, op: Op, half: HalfDtype): Tolerance {
  if (name === 'onnxruntime') return widened;
  return name === 'tensorflow' ? sumsInHalfTolerance(op, half) : halfTolerance(op, half);
}

const onnx = runtimes.find(({ name }) => name === 'onnxruntime');

// It checks the types of a model before it looks for something that computes it, which CUDA's part has and the processor's
// has not.
describe(
  'onnxruntime takes what is emitted in bf16, and says that the processor does not compute it',
  {
    skip: onnx === undefined,
  },
  () => {
    for (const op of halfOps) {
      test(op, async () => {
        for (const entry of halfCases(op)) await assertOnlyKernelsAreMissing(halfProgram(op, entry, 'bf16'));
      });
    }
    for (const family of families) {
      test(`a training step: ${family}`, () =>
        assertOnlyKernelsAreMissing(halfTraining(family, 'lora', 'cheap', 'bf16').half));
    }
  },
);

async function assertOnlyKernelsAreMissing({ graph, weights }: ReturnType<typeof halfProgram>): Promise<void> {
  const failure = await onnx!.compile(graph, weights).then(
    (executable) => executable.dispose(),
    (error: unknown) => String(error),
  );
  // What only moves numbers is computed whatever they are.
  if (failure !== undefined) assert.match(failure, /Could not find an implementation for /);
}
