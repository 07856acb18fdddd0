import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { readPlacement } from '../../src/engine/runtime/onnx/placement';
import type { Program } from '../conformance/program';

/** Operators that compute with numbers of the model, but not on the device. */
export async function computedElsewhere(program: Program): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lora-placement-'));
  try {
    const profiled = new OnnxRuntime({ threads: 2, device: 'webgpu', profile: path.join(folder, 'step') });
    const executable = await profiled.compile(program.graph, program.weights);
    for (const { inputs } of program.runs) await executable.run(inputs);
    await executable.dispose();
    const placed = await readPlacement(path.join(folder, readdirSync(folder)[0]!));
    assert.ok(placed.some(({ provider }) => provider === 'WebGpuExecutionProvider'));
    return placed
      .filter(({ isCompute, provider }) => isCompute && provider !== 'WebGpuExecutionProvider')
      .map(({ op, name, provider }) => `${op} ${name} on ${provider}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
