import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op } from '../../src/engine/graph/types';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { assertConforms } from '../conformance/assertConforms';
import {
  halfCases,
  halfProgram,
  halfReference,
  halfStepTolerance,
  halfTolerances,
  halfTraining,
} from '../conformance/halfPrecision';
import { opCases } from '../conformance/opCases';
import { opProgram } from '../conformance/program';
import { families } from '../conformance/trainingPrograms';
import { temporaryFolder } from '../tiny/recipe';
import { computedElsewhere, profiledRuntime } from './computedElsewhere';
import { halfDriver, useDriver, withoutHalfDriver } from './softwareDriver';
import { halfToleranceOnDevice } from './tolerances';

if (withoutHalfDriver() === false) useDriver(halfDriver());
const runtime = new OnnxRuntime({ threads: 2, device: 'webgpu' });

describe('webgpu computes in half precision', { skip: withoutHalfDriver() }, () => {
  test('cast', async (context) => {
    for (const entry of opCases.cast) {
      await context.test(entry.name, () =>
        assertConforms(runtime, opProgram('cast', entry), halfTolerances.add!, { runtime: halfReference }),
      );
    }
  });

  for (const op of Object.keys(halfTolerances) as Op[]) {
    test(op, async (context) => {
      // A case takes seconds, in which shaders are compiled; in single precision all of them are tried.
      for (const entry of halfCases(op).slice(0, 2)) {
        await context.test(entry.name, () =>
          assertConforms(runtime, halfProgram(op, entry), halfToleranceOnDevice(op), { runtime: halfReference }),
        );
      }
    });
  }
});

describe(
  'webgpu computes a training step in half precision, and leaves nothing of it to the processor:',
  { skip: withoutHalfDriver() },
  () => {
    // One with each kind of norm and activation.
    for (const family of families.filter((one) => one === 'llama' || one === 'gpt2')) {
      test(family, async (t) => {
        const folder = await temporaryFolder(t);
        const { half, single } = halfTraining(family, 'lora', 'cheap');
        await assertConforms(profiledRuntime(folder), half, halfStepTolerance, { graph: single.graph });
        assert.deepEqual(await computedElsewhere(folder), []);
      });
    }
  },
);
