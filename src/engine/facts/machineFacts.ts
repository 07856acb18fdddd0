import os from 'node:os';
import type { MachineFacts } from '../../recipe/facts';

/** What this machine can train on. */
export function machineFacts(): MachineFacts {
  return {
    memoryBytes: os.totalmem(),
    cores: os.availableParallelism(),
    devices: [{ device: 'cpu', precisions: ['fp32'] }],
  };
}
