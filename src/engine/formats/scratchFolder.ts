import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isAlive } from './atomicFile';

/** Milliseconds. A container may share the folder and count its processes anew, so that a number alone says little. */
const leftAlone = 3_600_000;

/**
 * A new folder in the system's temporary folder, which the caller removes. Those of the same kind that processes left which
 * were killed more than an hour ago are removed first.
 */
export async function scratchFolder(kind: string): Promise<string> {
  const all = os.tmpdir();
  for (const name of await readdir(all)) {
    const left = new RegExp(`^${kind}-(\\d+)-`).exec(name);
    if (left === null || isAlive(Number(left[1]))) continue;
    const folder = path.join(all, name);
    const changed = await stat(folder).catch(() => undefined);
    if (changed === undefined || Date.now() - changed.mtimeMs < leftAlone) continue;
    // What belongs to somebody else stays.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
  return mkdtemp(path.join(all, `${kind}-${process.pid}-`));
}
