import os from 'node:os';

/** Bytes of memory of this machine, or what a container leaves of it. */
export function machineMemory(): number {
  const total = os.totalmem();
  const limit = process.constrainedMemory();
  return limit > 0 && limit < total ? limit : total;
}
