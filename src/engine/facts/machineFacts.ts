import os from 'node:os';
import type { MachineFacts } from '../../recipe/facts';
import { judgeDevices } from '../devices/devices';
import { machineMemory } from '../devices/machineMemory';
import { processorWithoutHalf } from '../devices/words';

/** What this machine can train on, as far as its devices have been tried: nothing is tried for it. */
export async function machineFacts(): Promise<MachineFacts> {
  const judged = await judgeDevices({ trial: 'known' });
  return {
    memoryBytes: machineMemory(),
    cores: os.availableParallelism(),
    devices: [
      { device: 'cpu', precisions: ['fp32'], without: { fp16: processorWithoutHalf, bf16: processorWithoutHalf } },
      ...judged.flatMap(({ device, usable, precisions, without, quantizations, result }) => {
        const memory = result?.card?.memoryBytes;
        const own = memory == null ? {} : { memoryBytes: memory };
        return usable ? [{ device, precisions, without, quantizations, ...own }] : [];
      }),
    ],
    unusable: judged.flatMap(({ device, usable, reason, enable }) => (usable ? [] : [{ device, reason, enable }])),
  };
}
