import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';

/** What the engine writes into `lock/holder.json` of a run that it trains. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in clock ticks since boot, where the system tells. */
  readonly began?: string;
}

/** Whether a living process trains the run in `folder`. On another machine (a shared folder) it is taken to live. */
export async function isTraining(folder: string): Promise<boolean> {
  const holder = await readHolder(folder);
  return holder !== undefined && (holder.host !== hostname() || isAlive(holder));
}

/** Asks the process that trains the run in `folder` to end, which keeps a checkpoint; on Windows it ends at once. */
export async function askToEnd(folder: string): Promise<void> {
  const holder = await readHolder(folder);
  if (holder?.host === hostname() && isAlive(holder)) process.kill(holder.pid, 'SIGTERM');
}

async function readHolder(folder: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path.join(folder, 'lock', 'holder.json'), 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const { began, hasEnded } = factsOf(holder.pid);
  return !hasEnded && (began === undefined || holder.began === undefined || began === holder.began);
}

/** Process numbers are used again: the start tells two processes apart. Fields 3 and 22 of /proc/pid/stat on Linux. */
function factsOf(pid: number): { readonly began: string | undefined; readonly hasEnded: boolean } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Ended, and not yet collected by its parent.
    return { began: fields[19], hasEnded: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return { began: undefined, hasEnded: false };
  }
}
