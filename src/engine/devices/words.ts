import os from 'node:os';
import { formatBytes } from '../../run/format';
import { halfPrecisionsOn, withoutBfloat16 } from '../../recipe/precision';
import { halfPrecisions } from '../runtime/runtime';
import type { Device, HalfPrecision, Precision } from '../runtime/runtime';
import { blockFormats } from '../formats/blocks';
import type { BlockFormat } from '../formats/blocks';
import type { GraphicsCard } from './graphicsCard';
import { playsInSoftware } from './probeResult';
import type { ProbeResult } from './probeResult';

/** Why a device can or cannot be used, and the one step that would change that. */
export interface Judgement {
  readonly usable: boolean;
  /** One sentence. */
  readonly reason: string;
  readonly enable: string | null;
  readonly precisions: readonly Precision[];
  /** Why a device that can be used does not compute in others, a sentence for each. */
  readonly without: Without;
  /** The blocks in which matrices may be held there, as in `engine.quantization`. */
  readonly quantizations: readonly BlockFormat[];
}

export type Without = Readonly<Partial<Record<HalfPrecision, string>>>;

export function judge(result: ProbeResult): Judgement {
  const usable = result.outcome === 'usable';
  const halves = halvesOf(result);
  const precisions: readonly Precision[] = usable ? ['fp32', ...halves] : [];
  const missing = usable ? halfPrecisions.filter((half) => !halves.includes(half)) : [];
  const without = Object.fromEntries(missing.map((half) => [half, whyNot(half, result)]));
  const quantizations = blockFormats.filter((format) => usable && result.blocks[format]?.usable === true);
  return { usable, reason: reasonOf(result), enable: enabling(result), precisions, without, quantizations };
}

/** The kinds of half precision in which a device has computed. */
function halvesOf({ halves }: ProbeResult): readonly HalfPrecision[] {
  return halfPrecisions.filter((half) => halves[half]?.usable === true);
}

/** Why the processor computes in single precision alone. */
export const processorWithoutHalf =
  'On the processor everything is computed in fp32; a model file in half precision keeps its size in memory all the same.';

function whyNot(precision: HalfPrecision, { device, halves }: ProbeResult): string {
  if (!halfPrecisionsOn[device].includes(precision)) return withoutBfloat16;
  const result = halves[precision];
  if (result === undefined) return `Its driver crashed or did not answer before it had computed in ${precision}.`;
  const { detail } = result;
  if (/requires f16|shader-?f16/i.test(detail)) return 'Its driver offers no 16-bit numbers in shaders (shader-f16).';
  return `A training step in ${precision} did not succeed there: ${detail}.`;
}

function reasonOf(result: ProbeResult): string {
  const { device, outcome, detail, stepMs, cpuStepMs, card } = result;
  const halves = halvesOf(result);
  switch (outcome) {
    case 'usable':
      return (
        `${card === null ? '' : `${cardWords(card)}. `}A small training step takes ${milliseconds(stepMs)} there and ${milliseconds(cpuStepMs)} on the processor` +
        `${halves.length === 0 ? '' : `; it computes in ${halves.join(' and ')}, too`}.`
      );
    case 'absent':
      return device === 'cuda'
        ? 'No NVIDIA GPU with a driver was found.'
        : 'No graphics driver was found that it could use.';
    case 'crashed':
      return `Its driver ended the process that tried it (${detail}).`;
    case 'hung':
      return 'Its driver did not answer when it was tried.';
    case 'interrupted':
      return 'Its trial was ended before it was over.';
    case 'wrong':
      return `It computes other numbers than the processor: ${detail}.`;
    case 'incomplete':
      return `It cannot compute all of a training step; missing: ${detail}.`;
    case 'failed':
      return `It failed when it was tried: ${detail}`;
  }
}

/** Such as `NVIDIA GeForce RTX 4070, 12.9 GB`. */
export function cardWords({ name, memoryBytes }: GraphicsCard): string {
  return memoryBytes === null ? name : `${name}, ${formatBytes(memoryBytes)}`;
}

function enabling({ device, outcome, detail }: ProbeResult): string | null {
  if (outcome === 'usable') return null;
  if (device === 'cuda' && /driver version is insufficient/i.test(detail)) {
    return "Install NVIDIA's driver of version 580 or later, then run `lora doctor` again.";
  }
  if (device === 'cuda') return 'Use engine.device "webgpu": it computes on NVIDIA GPUs as well.';
  if (outcome === 'incomplete') return null;
  if (outcome === 'interrupted') return 'Run `lora doctor`, which tries it again.';
  return outcome === 'absent' || outcome === 'failed' ? driver(device) : newerDriver;
}

const newerDriver = 'Install the newest graphics driver, then run `lora doctor` again.';

function driver(device: Device): string {
  if (os.platform() === 'linux' && device === 'webgpu') {
    return (
      'Install a Vulkan driver of your GPU (AMD and Intel: `mesa-vulkan-drivers`, NVIDIA: its own driver; both with ' +
      '`libvulkan1`), then run `lora doctor` again.'
    );
  }
  return newerDriver;
}

export function milliseconds(time: number | null): string {
  return time === null ? '?' : time < 10 ? `${time.toFixed(1)} ms` : `${Math.round(time)} ms`;
}

/** Why matrices cannot be held in blocks on a device that can be used. */
export function whyNoBlocks(format: BlockFormat, trial: ProbeResult): string {
  const result = trial.blocks[format];
  if (result !== undefined) return `A training step with ${format} did not succeed there: ${result.detail}.`;
  return playsInSoftware(trial)
    ? `Its driver plays a GPU in software, and is not tried with ${format}.`
    : `Its driver crashed or did not answer before it had computed with ${format}.`;
}
