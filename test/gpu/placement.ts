import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { numbersStep, probeStep } from '../../src/engine/devices/probeGraph';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { readPlacement } from '../../src/engine/runtime/onnx/placement';
import type { Device } from '../../src/engine/runtime/runtime';

/**
 * `node placement.cjs DEVICE` prints which provider ran how many operators of a training step, as JSON: those that compute, and
 * those that only handle sizes of tensors.
 */
async function main(): Promise<void> {
  const device = process.argv[2] as Device;
  const { graph, weights, inputs } = probeStep(numbersStep);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lora-placement-'));
  try {
    const executable = await new OnnxRuntime({ threads: 0, device, profile: path.join(folder, 'step') }).compile(
      graph,
      weights,
    );
    await executable.run(inputs);
    await executable.dispose();
    const counts = new Map<string, { provider: string; compute: number; sizes: number; ops: Record<string, number> }>();
    for (const { provider, op, isCompute } of await readPlacement(path.join(folder, readdirSync(folder)[0]!))) {
      const count = counts.get(provider) ?? { provider, compute: 0, sizes: 0, ops: {} };
      counts.set(provider, count);
      if (isCompute) {
        count.compute++;
        count.ops[op] = (count.ops[op] ?? 0) + 1;
      } else count.sizes++;
    }
    console.log(JSON.stringify([...counts.values()]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

void main();
