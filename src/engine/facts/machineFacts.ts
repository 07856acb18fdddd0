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
      { device: 'cpu', precisions: ['fp32'], withoutHalf: processorWithoutHalf },
      ...judged.flatMap(({ device, usable, precisions, withoutHalf }) => {
        return usable ? [{ device, precisions, ...(withoutHalf === null ? {} : { withoutHalf }) }] : [];
      }),
    ],
    unusable: judged.flatMap(({ device, usable, reason, enable }) => (usable ? [] : [{ device, reason, enable }])),
  };
}
