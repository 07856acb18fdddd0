import os from 'node:os';
import type { MachineFacts } from '../../recipe/facts';
import { judgeDevices } from '../devices/devices';
import { processorWithoutHalf } from '../devices/words';

/** What this machine can train on, as far as its devices have been tried: nothing is tried for it. */
export async function machineFacts(): Promise<MachineFacts> {
  const judged = await judgeDevices({ trial: 'known' });
  return {
    memoryBytes: os.totalmem(),
    cores: os.availableParallelism(),
    devices: [
      { device: 'cpu', precisions: ['fp32'], without: { fp16: processorWithoutHalf, bf16: processorWithoutHalf } },
      ...judged.flatMap(({ device, usable, precisions, without }) => {
        return usable ? [{ device, precisions, without }] : [];
      }),
    ],
    unusable: judged.flatMap(({ device, usable, reason, enable }) => (usable ? [] : [{ device, reason, enable }])),
  };
}
