import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../../failure/failure';
import { formatBytes } from '../../../run/format';
import { needsSpace } from './failures';
import type { Subject } from './failures';
import { runProgram } from './program';

/** Whether a program of the system is there and says so. */
export async function works(signal: AbortSignal, name: string, ...options: string[]): Promise<boolean> {
  return (await runProgram(name, options, { signal }))?.code === 0;
}

/** @throws Failure `…-needs-space` where the disk of `folder`, which need not be there yet, has less than `needed` bytes free */
export async function checkSpace(subject: Subject, needed: number, folder: string): Promise<void> {
  let there = path.resolve(folder);
  while (!existsSync(there)) there = path.dirname(there);
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  if (free < needed) throw needsSpace(subject, formatBytes(needed), formatBytes(free), folder);
}

/** What a check finds missing, with the way out, before anybody has asked for the set-up; null where nothing is. */
export async function hindranceOf(check: Promise<void>): Promise<string | null> {
  try {
    await check;
    return null;
  } catch (error) {
    if (error instanceof Failure) return `${error.message} ${error.hint ?? ''}`.trim();
    throw error;
  }
}
