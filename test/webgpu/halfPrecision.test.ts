import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { halfDtype } from '../../src/engine/runtime/runtime';
import { assertConforms } from '../conformance/assertConforms';
import {
  assertStepConforms,
  halfCases,
  halfOps,
  halfProgram,
  halfReference,
  halfTolerance,
  halfTraining,
} from '../conformance/halfPrecision';
import { opCases } from '../conformance/opCases';
import { opProgram } from '../conformance/program';
import { families } from '../conformance/trainingPrograms';
import { temporaryFolder } from '../tiny/recipe';
import { computedElsewhere, profiledRuntime } from './computedElsewhere';
import { halfDriver, testedDevice, testedHalves, useDriver, withoutHalfDriver } from './softwareDriver';
import { halfToleranceOnDevice } from './tolerances';

const skip = withoutHalfDriver();
if (skip === false) useDriver(halfDriver());
const runtime = new OnnxRuntime({ threads: 2, device: testedDevice });

for (const precision of testedHalves) {
  const half = halfDtype(precision);

  describe(`${testedDevice} computes in ${precision}`, { skip }, () => {
    if (half === 'f16') {
      test('cast', async (context) => {
        for (const entry of opCases.cast) {
          await context.test(entry.name, () =>
            assertConforms(runtime, opProgram('cast', entry), halfTolerance('add'), { runtime: halfReference }),
          );
        }
      });
    }

    for (const op of halfOps) {
      test(op, async (context) => {
        // A case takes seconds, in which shaders are compiled; in single precision all of them are tried.
        for (const entry of halfCases(op).slice(0, 2)) {
          await context.test(entry.name, () =>
            assertConforms(runtime, halfProgram(op, entry, half), halfToleranceOnDevice(op, half), {
              runtime: halfReference,
            }),
          );
        }
      });
    }
  });

  describe(
    `${testedDevice} computes a training step in ${precision}, and leaves nothing of it to the processor:`,
    { skip },
    () => {
      // One with each kind of norm and activation.
      for (const family of families.filter((one) => one === 'llama' || one === 'gpt2')) {
        test(family, async (t) => {
          const folder = await temporaryFolder(t);
          await assertStepConforms(profiledRuntime(folder), halfTraining(family, 'lora', 'cheap', half), half);
          assert.deepEqual(await computedElsewhere(folder), []);
        });
      }
    },
  );
}
