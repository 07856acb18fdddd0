import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { providers } from '../../src/engine/runtime/onnx/providers';
import { readPlacement } from '../../src/engine/runtime/onnx/placement';
import { assertConforms } from '../conformance/assertConforms';
import { programs } from '../conformance/programs';
import { families, trainingProgram } from '../conformance/trainingPrograms';
import { temporaryFolder } from '../tiny/recipe';
import { looser } from './tolerances';
import { testedDevice, useSoftwareDriver, withoutDriver } from './softwareDriver';

if (withoutDriver() === false) useSoftwareDriver();
const runtime = new OnnxRuntime({ threads: 2, device: testedDevice });
const { executionProvider } = providers[testedDevice];

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
          const profiled = new OnnxRuntime({ threads: 2, device: testedDevice, profile: path.join(folder, 'step') });
          await assertConforms(profiled, trainingProgram(family, method, 'cheap'), tolerance);
          assert.deepEqual(await computedElsewhere(folder), []);
        });
      }
    }
  },
);

/** Operators that computed with numbers of the model, but not on the device: by the profile of a program in `folder`. */
async function computedElsewhere(folder: string): Promise<readonly string[]> {
  const placed = await readPlacement(path.join(folder, readdirSync(folder)[0]!));
  assert.ok(placed.some(({ provider }) => provider === executionProvider));
  return placed
    .filter(({ isCompute, provider }) => isCompute && provider !== executionProvider)
    .map(({ op, name, provider }) => `${op} ${name} on ${provider}`);
}
