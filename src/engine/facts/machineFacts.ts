import os from 'node:os';
import type { MachineFacts } from '../../recipe/facts';
import { judgeDevices } from '../devices/devices';

/** What this machine can train on, as far as its devices have been tried: nothing is tried for it. */
export async function machineFacts(): Promise<MachineFacts> {
  const judged = await judgeDevices({ trial: 'known' });
  return {
    memoryBytes: os.totalmem(),
    cores: os.availableParallelism(),
    devices: [
      { device: 'cpu', precisions: ['fp32'] },
      ...judged.flatMap(({ device, usable }) => (usable ? [{ device, precisions: ['fp32'] }] : [])),
    ],
    unusable: judged.flatMap(({ device, usable, reason, enable }) => (usable ? [] : [{ device, reason, enable }])),
  };
}
