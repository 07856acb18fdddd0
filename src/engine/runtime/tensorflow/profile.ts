import { writeFileSync } from 'node:fs';

/** Hears of each kernel: its name, the op of the graph that it belongs to, and the milliseconds that it took. */
export type OnKernel = (kernel: string, of: string, milliseconds: number) => void;

const profiles = new Map<string, OnKernel>();

/**
 * Adds up the time of all kernels of a process and writes it to `file` when the process ends, the most expensive ones
 * first: `{kernel, of, calls, milliseconds}`.
 */
export function kernelProfile(file: string): OnKernel {
  const begun = profiles.get(file);
  if (begun !== undefined) return begun;
  const totals = new Map<string, { kernel: string; of: string; calls: number; milliseconds: number }>();
  process.once('exit', () => {
    const rows = [...totals.values()].sort((a, b) => b.milliseconds - a.milliseconds);
    writeFileSync(file, JSON.stringify(rows, null, 2));
  });
  const onKernel: OnKernel = (kernel, of, milliseconds) => {
    const key = `${kernel} ${of}`;
    const total = totals.get(key) ?? { kernel, of, calls: 0, milliseconds: 0 };
    totals.set(key, { ...total, calls: total.calls + 1, milliseconds: total.milliseconds + milliseconds });
  };
  profiles.set(file, onKernel);
  return onKernel;
}
