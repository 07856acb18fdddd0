import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { assertConforms } from '../conformance/assertConforms';
import { programs } from '../conformance/programs';
import { families, trainingProgram } from '../conformance/trainingPrograms';
import { temporaryFolder } from '../tiny/recipe';
import { computedElsewhere, profiledRuntime } from './computedElsewhere';
import { looser } from './tolerances';
import { softwareDriver, testedDevice, useDriver, withoutDriver } from './softwareDriver';

if (withoutDriver() === false) useDriver(softwareDriver());
const runtime = new OnnxRuntime({ threads: 2, device: testedDevice });

describe(`${testedDevice} computes whole programs`, { skip: withoutDriver() }, () => {
  for (const program of programs) test(program.name, () => assertConforms(runtime, program, looser));
});

describe(
  `${testedDevice} computes a training step, and leaves nothing of it to the processor:`,
  { skip: withoutDriver() },
  () => {
    // As on the processor: float32 errors of a whole forward and backward pass.
    const tolerance = { relative: 1e-4, ofScale: 2e-5, absolute: 5e-6 };
    for (const family of families) {
      // Every weight's gradient, where a family is not built like LLaMA.
      for (const method of family === 'llama' || family === 'gpt2'
        ? (['lora', 'full'] as const)
        : (['lora'] as const)) {
        test(`${family}, ${method}`, async (t) => {
          const folder = await temporaryFolder(t);
          await assertConforms(profiledRuntime(folder), trainingProgram(family, method, 'cheap'), tolerance);
          assert.deepEqual(await computedElsewhere(folder), []);
        });
      }
    }
  },
);
