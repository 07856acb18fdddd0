import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, where the system tells; a process number alone is used again. */
  readonly began: string | undefined;
  /** Tells one taking from another. */
  readonly id: string;
}

/** Held by one process at a time: by the one that trains a run, so that no second one does. */
export interface Lock {
  release(): Promise<void>;
}

const holderFile = 'holder.json';

/** Why a lock could not be taken. */
export interface Held {
  /** The number of the process that holds it. */
  readonly heldBy: number;
  /** The computer on which it runs, where that is another one; whether it still does cannot be known then. */
  readonly on?: string;
}

/**
 * Takes the lock `folder`, also one whose holder is no longer alive; says who holds it otherwise. A lock is a folder with its
 * holder in it: it is filled under another name and renamed, which fails everywhere when there already is one, so that it is
 * never seen half made and never taken twice.
 */
export async function takeLock(folder: string): Promise<Lock | Held> {
  const own: Holder = { pid: process.pid, host: hostname(), began: factsOf(process.pid).began, id: randomUUID() };
  const filled = `${folder}.${own.id}`;
  await mkdir(filled);
  await writeFile(path.join(filled, holderFile), JSON.stringify(own));
  try {
    // More than once only where other processes take and release it at this very moment.
    for (let attempt = 0; attempt < 10; attempt++) {
      if (await isMoved(filled, folder)) return { release: () => release(folder, own) };
      const holder = await readHolder(folder);
      if (isHeld(holder)) return heldBy(holder);
      const taker = holder === 'nobody' ? undefined : await removeDead(folder);
      if (taker !== undefined) return taker;
    }
    throw new Error(`The lock ${folder} can neither be taken nor removed`);
  } finally {
    await rm(filled, { recursive: true, force: true });
  }
}

/** Whether a living process holds the lock. */
export async function isLocked(folder: string): Promise<boolean> {
  return isHeld(await readHolder(folder));
}

async function release(folder: string, own: Holder): Promise<void> {
  const holder = await readHolder(folder);
  if (typeof holder === 'object' && holder.id === own.id) await remove(folder);
}

/**
 * Removes the lock of a dead process; says which other process is doing this already. Only one does it at a time, which a
 * lock of its own ensures: otherwise the slower one would remove the lock of the quicker one.
 */
async function removeDead(folder: string): Promise<Held | undefined> {
  const removal = await takeLock(`${folder}.removal`);
  if ('heldBy' in removal) return removal;
  try {
    const holder = await readHolder(folder);
    if (holder !== 'nobody' && !isHeld(holder)) await remove(folder);
  } finally {
    await removal.release();
  }
  return undefined;
}

/** Renamed first: a folder that is being emptied would look like one that can be taken. */
async function remove(folder: string): Promise<void> {
  const aside = `${folder}.${randomUUID()}`;
  if (await isMoved(folder, aside)) await rm(aside, { recursive: true, force: true });
}

/** Renames a folder; false where there is nothing to rename or something in the way. */
async function isMoved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    // What is in the way: ENOTEMPTY, on some systems EEXIST, on Windows EPERM; ENOTDIR for a file.
    const inTheWay = ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR'];
    if (inTheWay.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** `broken` where something else has changed the file: a lock is complete from its first moment on. */
async function readHolder(folder: string): Promise<Holder | 'nobody' | 'broken'> {
  let text: string;
  try {
    text = await readFile(path.join(folder, holderFile), 'utf8');
  } catch {
    return 'nobody';
  }
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return 'broken';
  }
}

function isHeld(holder: Holder | 'nobody' | 'broken'): holder is Holder {
  return typeof holder === 'object' && isAlive(holder);
}

function heldBy({ pid, host }: Holder): Held {
  return host === hostname() ? { heldBy: pid } : { heldBy: pid, on: host };
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const { began, hasEnded } = factsOf(holder.pid);
  return !hasEnded && (began === undefined || holder.began === undefined || began === holder.began);
}

/**
 * On Linux, when a process began, in clock ticks since boot, and whether it has ended and only its parent has not been
 * told yet (a zombie): fields 22 and 3 of /proc/pid/stat, counted from behind the name, which may hold anything.
 */
function factsOf(pid: number): { readonly began: string | undefined; readonly hasEnded: boolean } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { began: fields[19], hasEnded: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return { began: undefined, hasEnded: false };
  }
}
