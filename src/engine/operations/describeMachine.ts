import os from 'node:os';
import type { MachineReport } from '../../run/answers';
import { whyNoEngine } from '../../run/platforms';

/** What this machine can train on, and why. */
export async function describeMachine(): Promise<MachineReport> {
  const cpus = os.cpus();
  const cores = os.availableParallelism();
  return {
    platform: `${os.platform()} ${os.arch()} ${os.release()}`,
    node: process.version,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores,
    memory_bytes: os.totalmem(),
    free_memory_bytes: os.freemem(),
    devices: [
      await cpuReport(cores),
      { runtime: 'reference', device: 'cpu', usable: true, reason: 'Plain TypeScript: slow, for comparison only.' },
    ],
    notes: ['Training on a GPU is not built yet; the CPU is used.'],
  };
}

/** Loads the runtime to see that it works here, instead of believing a list of platforms. */
async function cpuReport(cores: number): Promise<MachineReport['devices'][number]> {
  const device = { runtime: 'onnxruntime', device: 'cpu' };
  try {
    const { env } = await import('onnxruntime-node');
    const version = env.versions.node ?? env.versions.common;
    return { ...device, usable: true, reason: `onnxruntime-node ${version} on ${cores} cores.` };
  } catch (error) {
    const detail = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return {
      ...device,
      usable: false,
      reason:
        whyNoEngine(os.platform(), os.arch()) ??
        `onnxruntime-node does not load on ${os.platform()} ${os.arch()}: ${detail}`,
    };
  }
}
