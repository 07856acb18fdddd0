import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { readPlacement } from '../../src/engine/runtime/onnx/placement';
import { assertConforms } from '../conformance/assertConforms';
import { programs } from '../conformance/programs';
import { families, trainingProgram } from '../conformance/trainingPrograms';
import { temporaryFolder } from '../tiny/recipe';
import { looser } from './tolerances';
import { useSoftwareDriver, withoutDriver } from './softwareDriver';

if (withoutDriver() === false) useSoftwareDriver();
const runtime = new OnnxRuntime({ threads: 2, device: 'webgpu' });

describe('webgpu computes whole programs', { skip: withoutDriver() }, () => {
  for (const program of programs) test(program.name, () => assertConforms(runtime, program, looser));
});

describe(
  'webgpu computes a training step, and leaves nothing of it to the processor:',
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
          const profiled = new OnnxRuntime({ threads: 2, device: 'webgpu', profile: path.join(folder, 'step') });
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
  assert.ok(placed.some(({ provider }) => provider === 'WebGpuExecutionProvider'));
  return placed
    .filter(({ isCompute, provider }) => isCompute && provider !== 'WebGpuExecutionProvider')
    .map(({ op, name, provider }) => `${op} ${name} on ${provider}`);
}
