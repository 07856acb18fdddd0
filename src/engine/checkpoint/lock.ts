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

/** Held by the process that trains a run, so that no second one does. */
export interface Lock {
  release(): Promise<void>;
}

const holderFile = 'holder.json';

/**
 * Takes the lock `folder`, also one whose holder is no longer alive; gives the number of the process that holds it
 * otherwise. A lock is a folder with its holder in it: it is filled under another name and renamed, which fails
 * everywhere when there already is one, so that it is never seen half made and never taken twice.
 */
export async function takeLock(folder: string): Promise<Lock | { readonly heldBy: number }> {
  const own: Holder = { pid: process.pid, host: hostname(), began: beginOf(process.pid), id: randomUUID() };
  const filled = `${folder}.${own.id}`;
  await mkdir(filled);
  await writeFile(path.join(filled, holderFile), JSON.stringify(own));
  try {
    // More than once only where other processes take and release it at this very moment.
    for (let attempt = 0; attempt < 10; attempt++) {
      if (await isMoved(filled, folder)) return { release: () => release(folder, own) };
      const holder = await readHolder(folder);
      if (holder !== undefined && isAlive(holder)) return { heldBy: holder.pid };
      await moveAside(folder, holder);
    }
    throw new Error(`The lock ${folder} can neither be taken nor moved aside`);
  } finally {
    await rm(filled, { recursive: true, force: true });
  }
}

/** Whether a living process holds the lock. */
export async function isLocked(folder: string): Promise<boolean> {
  const holder = await readHolder(folder);
  return holder !== undefined && isAlive(holder);
}

async function release(folder: string, own: Holder): Promise<void> {
  const holder = await readHolder(folder);
  if (holder?.id !== own.id) return;
  // Renamed first: a folder that is being emptied looks like one that can be taken.
  const aside = `${folder}.${randomUUID()}`;
  if (await isMoved(folder, aside)) await rm(aside, { recursive: true, force: true });
}

/** Makes room where a dead process or nobody held the lock, unless another took it meanwhile: then it is put back. */
async function moveAside(folder: string, dead: Holder | undefined): Promise<void> {
  const aside = `${folder}.${randomUUID()}`;
  if (!(await isMoved(folder, aside))) return;
  const moved = await readHolder(aside);
  if (moved !== undefined && moved.id !== dead?.id && (await isMoved(aside, folder))) return;
  await rm(aside, { recursive: true, force: true });
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

async function readHolder(folder: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path.join(folder, holderFile), 'utf8')) as Holder;
  } catch {
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
