import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { providers } from '../../src/engine/runtime/onnx/providers';
import { readPlacement } from '../../src/engine/runtime/onnx/placement';
import { assertConforms } from '../conformance/assertConforms';
import { programs } from '../conformance/programs';
import { families, trainingProgram } from '../conformance/trainingPrograms';
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
        test(`${family}, ${method}`, async () => {
          const program = trainingProgram(family, method, 'cheap');
          await assertConforms(runtime, program, tolerance);
          assert.deepEqual(await computedElsewhere(program), []);
        });
      }
    }
  },
);

/** Operators that compute with numbers of the model, but not on the device. */
async function computedElsewhere(program: ReturnType<typeof trainingProgram>): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lora-placement-'));
  try {
    const profiled = new OnnxRuntime({ threads: 2, device: testedDevice, profile: path.join(folder, 'step') });
    const executable = await profiled.compile(program.graph, program.weights);
    for (const { inputs } of program.runs) await executable.run(inputs);
    await executable.dispose();
    const placed = await readPlacement(path.join(folder, readdirSync(folder)[0]!));
    assert.ok(placed.some(({ provider }) => provider === executionProvider));
    return placed
      .filter(({ isCompute, provider }) => isCompute && provider !== executionProvider)
      .map(({ op, name, provider }) => `${op} ${name} on ${provider}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
