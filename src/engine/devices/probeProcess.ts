import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { essence } from '../runtime/failures';
import { providers } from '../runtime/onnx/providers';
import { loadOnnx } from '../runtime/onnx/loadOnnx';
import { OnnxRuntime } from '../runtime/onnx/onnxRuntime';
import { readPlacement } from '../runtime/onnx/placement';
import { halfPrecisionsOn } from '../../recipe/precision';
import type { Device, HalfPrecision, Tensors } from '../runtime/runtime';
import { difference } from './difference';
import { graphicsCard } from './graphicsCard';
import { largestBuffer } from './largestBuffer';
import { machineMemory } from './machineMemory';
import { blockFormats } from '../formats/blocks';
import type { BlockFormat } from '../formats/blocks';
import { blockStep, halfStep, numbersStep, probeStep, speedStep } from './probeGraph';
import type { ProbeStep } from './probeGraph';
import { nothingFound, playsInSoftware } from './probeResult';
import type { FurtherResult, ProbeResult } from './probeResult';

/**
 * Entry point of the process that tries one device: a driver that crashes or hangs takes this process with it and nothing
 * else. Its arguments are the device's name, the milliseconds that each trial has, and the folder in which CUDA is set up, if
 * that is not the usual one. It sends a {@link ProbeResult}, and another one each time that half precision or blocks have been
 * tried, too, or a larger piece of memory: a driver that fails there is of use all the same.
 */
async function main(): Promise<void> {
  const [device, patience, cuda] = process.argv.slice(2) as [Device, string, string?];
  endAfter(trials * Number(patience) + graceMs);
  process.once('disconnect', () => process.exit(1));
  await loadOnnx(cuda);
  let result = await probe(device);
  const tell = (more: Partial<ProbeResult>): Promise<void> => send((result = { ...result, ...more }));
  await tell({});
  if (result.outcome === 'usable') {
    for (const precision of halfPrecisionsOn[device]) {
      await tell({ halves: { ...result.halves, [precision]: await tryHalf(device, precision) } });
    }
    const isSoftware = playsInSoftware(result);
    for (const format of isSoftware ? triedInSoftware() : blockFormats) {
      await tell({ blocks: { ...result.blocks, [format]: await tryBlocks(device, format) } });
    }
    if (!isSoftware) {
      const card = await graphicsCard(device).catch(() => null);
      await tell({ card });
      const limit = (card?.memoryBytes ?? machineMemory() / 4) / 2;
      const runtime = new OnnxRuntime({ threads: 0, device });
      await tell({ largestBuffer: await largestBuffer(runtime, limit, (bytes) => tell({ largestBuffer: bytes })) });
    }
  }
  process.exit(0);
}

function send(result: ProbeResult): Promise<void> {
  return new Promise((resolve) => process.send!(result, () => resolve()));
}

/** Also when a driver holds the main thread and whoever asked is gone. */
function endAfter(milliseconds: number): void {
  const code = `setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${milliseconds})`;
  new Worker(code, { eval: true }).unref();
}

/**
 * With what blocks a driver is tried that plays a GPU in software: none, as nobody trains on it and each step takes it seconds,
 * but for tests those that the environment names, with commas between them.
 */
function triedInSoftware(): readonly BlockFormat[] {
  const named = (process.env['LORA_TRY_BLOCKS_IN_SOFTWARE'] ?? '').split(',');
  return blockFormats.filter((format) => named.includes(format));
}

/** In single precision, in two kinds of half precision, of three kinds of blocks, of the card and of six pieces of memory. */
const trials = 13;
/** Whoever asked ends it first. */
const graceMs = 10_000;

/** Relative to the root mean square of each result: what other orders of summing make of 32-bit numbers. */
const tolerance = 1e-3;
/**
 * The same of 16-bit numbers through two layers and back: fp16 has three digits, bf16 little more than two. A result that is
 * nothing or another one differs by three or four times its size somewhere.
 */
const halfTolerances = { fp16: 0.25, bf16: 1.5 } as const;
const timedSteps = 5;
/** Milliseconds after which a device has been timed enough. */
const enoughMs = 500;

async function probe(device: Device): Promise<ProbeResult> {
  const unfinished = { device, ...nothingFound };
  try {
    const step = probeStep(numbersStep);
    const expected = await twice(new OnnxRuntime({ threads: 0 }), step);
    const small = await compareNumbers(device, step, expected.results, tolerance);
    if ('outcome' in small) return { ...unfinished, ...small };
    const usable = { ...unfinished, outcome: 'usable', detail: '' } as const;
    if (playsInSoftware(small)) return { ...usable, stepMs: small.stepMs, cpuStepMs: expected.milliseconds };
    return { ...usable, ...(await compareSpeed(device)) };
  } catch (error) {
    const detail = said(error);
    return { ...unfinished, outcome: isAbsence(device, detail) ? 'absent' : 'failed', detail };
  }
}

/** The times of a step that is large enough to tell. */
async function compareSpeed(device: Device): Promise<Pick<ProbeResult, 'stepMs' | 'cpuStepMs'>> {
  const step = probeStep(speedStep);
  const cpuStepMs = await time(new OnnxRuntime({ threads: 0 }), step);
  return { stepMs: await time(new OnnxRuntime({ threads: 0, device }), step), cpuStepMs };
}

/** Whether the device computes the step in half precision as the processor does in single precision. */
async function tryHalf(device: Device, precision: HalfPrecision): Promise<FurtherResult> {
  return tryFurther(device, () => {
    const { half, single } = halfStep(precision);
    return { step: half, expected: single, allowed: halfTolerances[precision] };
  });
}

/** Whether the device computes the step with matrices in blocks as the processor does. */
async function tryBlocks(device: Device, format: BlockFormat): Promise<FurtherResult> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lora-probe-'));
  try {
    return await tryFurther(device, () => {
      const step = blockStep(format, path.join(folder, 'blocks'));
      return { step, expected: step, allowed: tolerance };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface FurtherStep {
  readonly step: ProbeStep;
  /** What the processor computes to compare with. */
  readonly expected: ProbeStep;
  readonly allowed: number;
}

async function tryFurther(device: Device, make: () => FurtherStep): Promise<FurtherResult> {
  try {
    const { step, expected, allowed } = make();
    const { results } = await twice(new OnnxRuntime({ threads: 0 }), expected);
    const compared = await compareNumbers(device, step, results, allowed);
    return 'outcome' in compared
      ? { usable: false, detail: compared.outcome === 'incomplete' ? `missing: ${compared.detail}` : compared.detail }
      : { usable: true, detail: '' };
  } catch (error) {
    return { usable: false, detail: said(error) };
  }
}

function said(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return essence(cause instanceof Error ? cause.message : String(cause));
}

/** What ONNX Runtime says where there is no driver or device. */
function isAbsence(device: Device, message: string): boolean {
  if (device === 'cuda') return /libcuda\.so|no CUDA-capable device/i.test(message);
  return /adapter|no (suitable )?device|not (found|available|compiled|enabled)|cannot open shared object/i.test(
    message,
  );
}

/** What is wrong with the device's numbers, or else the time of the step. */
async function compareNumbers(
  device: Device,
  step: ProbeStep,
  expected: Tensors,
  allowed: number,
): Promise<Pick<ProbeResult, 'outcome' | 'detail'> | { readonly stepMs: number }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lora-probe-'));
  try {
    const actual = await twice(new OnnxRuntime({ threads: 0, device, profile: path.join(folder, 'step') }), step);
    const worst = difference(actual.results, expected);
    if (!(worst.size <= allowed)) {
      return { outcome: 'wrong', detail: `${worst.name} differs by ${worst.size.toExponential(1)} of its size` };
    }
    const placed = await readPlacement(path.join(folder, readdirSync(folder)[0]!));
    const elsewhere = placed.filter(({ isCompute, provider }) => {
      return isCompute && provider !== providers[device].executionProvider;
    });
    if (elsewhere.length === 0) return { stepMs: actual.milliseconds };
    return { outcome: 'incomplete', detail: [...new Set(elsewhere.map(({ op }) => op))].sort().join(', ') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The results of a step, and the time of the second one. */
async function twice(
  runtime: OnnxRuntime,
  { graph, weights, inputs }: ProbeStep,
): Promise<{ readonly results: Tensors; readonly milliseconds: number }> {
  const executable = await runtime.compile(graph, weights);
  try {
    await executable.run(inputs);
    const began = performance.now();
    const results = await executable.run(inputs);
    return { results, milliseconds: performance.now() - began };
  } finally {
    await executable.dispose();
  }
}

/** Median of some steps after a first one, in which shaders are compiled. */
async function time(runtime: OnnxRuntime, { graph, weights, inputs }: ProbeStep): Promise<number> {
  const executable = await runtime.compile(graph, weights);
  try {
    await executable.run(inputs);
    const times: number[] = [];
    for (let total = 0; times.length < timedSteps && total < enoughMs; total += times.at(-1)!) {
      const began = performance.now();
      await executable.run(inputs);
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
  } finally {
    await executable.dispose();
  }
}

void main();
