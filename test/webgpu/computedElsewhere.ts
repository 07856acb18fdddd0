import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { readPlacement } from '../../src/engine/runtime/onnx/placement';
import { providers } from '../../src/engine/runtime/onnx/providers';
import { testedDevice } from './softwareDriver';

const { executionProvider } = providers[testedDevice];

/** Computes on the device and writes where each operator ran to an empty folder, once the one executable is disposed of. */
export function profiledRuntime(folder: string): OnnxRuntime {
  return new OnnxRuntime({ threads: 2, device: testedDevice, profile: path.join(folder, 'step') });
}

/** Operators that computed with numbers of the model, but not on the device, by what {@link profiledRuntime} wrote. */
export async function computedElsewhere(folder: string): Promise<readonly string[]> {
  const placed = await readPlacement(path.join(folder, readdirSync(folder)[0]!));
  assert.ok(placed.some(({ provider }) => provider === executionProvider));
  return placed
    .filter(({ isCompute, provider }) => isCompute && provider !== executionProvider)
    .map(({ op, name, provider }) => `${op} ${name} on ${provider}`);
}
