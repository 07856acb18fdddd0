import { readFileSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { writeFileAtomically } from '../formats/atomicFile';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, where the system tells; a process number alone is used again. */
  readonly began: string | undefined;
}

/** Held by the process that trains a run, so that no second one does. */
export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock, also one whose holder is no longer alive; gives the number of the process that holds it otherwise. */
export async function takeLock(file: string): Promise<Lock | { readonly heldBy: number }> {
  const own: Holder = { pid: process.pid, host: hostname(), began: beginOf(process.pid) };
  const text = JSON.stringify(own);
  const lock: Lock = { release: () => rm(file, { force: true }) };
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(text);
    await handle.close();
    return lock;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = await readHolder(file);
  if (holder !== undefined && isAlive(holder)) return { heldBy: holder.pid };
  await writeFileAtomically(file, text);
  return lock;
}

/** Whether a living process holds the lock. */
export async function isLocked(file: string): Promise<boolean> {
  const holder = await readHolder(file);
  return holder !== undefined && isAlive(holder);
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    // Missing, or its writer was killed in between: nobody holds it.
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const began = beginOf(holder.pid);
  return began === undefined || holder.began === undefined || began === holder.began;
}

/** Start of a process in clock ticks since boot (Linux), field 22 of /proc/pid/stat. */
function beginOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
