import os from 'node:os';
import type { DeviceReport, MachineReport } from '../../run/answers';
import { whyNoEngine } from '../../run/platforms';
import { fastest, judgeDevices } from '../devices/devices';
import type { JudgedDevice, Trial } from '../devices/devices';
import { supportedDevices } from '../runtime/onnx/supportedDevices';
import { blockFormats } from '../formats/blocks';
import { halfPrecisions } from '../runtime/runtime';
import { builtVariant } from '../runtime/tensorflow/place';

/** What this machine can train on, and why. Every device is tried, unless `trial` says otherwise. */
export async function describeMachine(trial: Trial = 'again'): Promise<MachineReport> {
  const cpus = os.cpus();
  const cores = os.availableParallelism();
  const cpu = await cpuReport(cores);
  const judged = cpu.usable ? await judgeDevices({ trial }) : [];
  const chosen = fastest(judged);
  return {
    platform: `${os.platform()} ${os.arch()} ${os.release()}`,
    node: process.version,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores,
    memory_bytes: os.totalmem(),
    free_memory_bytes: os.freemem(),
    devices: [
      { ...cpu, step_ms: judged.find(({ result }) => result?.cpuStepMs != null)?.result?.cpuStepMs ?? null },
      ...judged.map(deviceReport),
      await tensorflowReport(),
      {
        runtime: 'reference',
        device: 'cpu',
        usable: true,
        reason: 'Plain TypeScript: slow, for comparison only.',
        enable: null,
        step_ms: null,
        precisions: ['fp32', ...halfPrecisions],
        quantizations: blockFormats,
        ...withoutCard,
      },
    ],
    chosen: { device: chosen.device, reason: chosen.reason },
    notes: judged.flatMap(({ device, enable }) => (enable === null ? [] : [`To use ${device}: ${enable}`])),
  };
}

/** Of what is no graphics card, or has not been looked at. */
const withoutCard = { card: null, largest_buffer_bytes: null } as const;

function deviceReport({
  device,
  usable,
  reason,
  enable,
  result,
  precisions,
  quantizations,
}: JudgedDevice): DeviceReport {
  const card = result?.card ?? null;
  return {
    ...{ runtime: 'onnxruntime', device, usable, reason, enable, precisions, quantizations },
    step_ms: result?.stepMs ?? null,
    card: card === null ? null : { name: card.name, memory_bytes: card.memoryBytes },
    largest_buffer_bytes: result?.largestBuffer ?? null,
  };
}

/** It is not loaded: what `lora setup tensorflow` puts in place, it has tried before. */
async function tensorflowReport(): Promise<DeviceReport> {
  const variant = await builtVariant();
  const device = variant === 'gpu' ? 'cuda' : 'cpu';
  const report = { runtime: 'tensorflow', device, step_ms: null, quantizations: [], ...withoutCard };
  return variant === undefined
    ? {
        ...report,
        usable: false,
        reason: 'Not needed; `lora setup tensorflow` sets it up.',
        enable: 'Run `lora setup tensorflow`.',
        precisions: [],
      }
    : {
        ...report,
        usable: true,
        reason: 'TensorFlow, for recipes with "runtime": "tensorflow".',
        enable: null,
        precisions: variant === 'gpu' ? ['fp32', ...halfPrecisions] : ['fp32'],
      };
}

/** Loads the runtime to see that it works here, instead of believing a list of platforms. */
async function cpuReport(cores: number): Promise<DeviceReport> {
  const report = { runtime: 'onnxruntime', device: 'cpu', enable: null, step_ms: null, ...withoutCard };
  try {
    const { version } = await supportedDevices();
    return {
      ...report,
      usable: true,
      reason: `onnxruntime-node ${version} on ${cores} cores.`,
      precisions: ['fp32'],
      quantizations: blockFormats,
    };
  } catch (error) {
    const detail = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return {
      ...report,
      usable: false,
      reason:
        whyNoEngine(os.platform(), os.arch()) ??
        `onnxruntime-node does not load on ${os.platform()} ${os.arch()}: ${detail}`,
      precisions: [],
      quantizations: [],
    };
  }
}
