import { randomUUID } from 'node:crypto';
import { cp, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../failure/failure';
import { outputHoldsOtherFiles, outputIsAFolder, outputUnwritable, systemErrorCode } from './failures';

/** Appends bytes (or UTF-8 text) to the file being written. */
export type WriteChunk = (chunk: Uint8Array | string) => Promise<void>;

/** The same for whoever writes bytes alone. */
export type WriteBytes = (chunk: Uint8Array) => Promise<void>;

/** What a file is to hold: text, bytes, or a function that writes it piece by piece. */
export type FileContent = string | Uint8Array | ((write: WriteChunk) => Promise<void>);

/**
 * Writes `file` so that a reader, a crash or a kill at any moment sees the old content or the new one in full:
 * written beside under a temporary name, flushed, renamed. Missing parent folders are made.
 * @throws Failure `output-unwritable`, `output-not-a-folder`, `output-is-a-folder`, `disk-full` (exit code 3)
 */
export async function writeFileAtomically(file: string, content: FileContent): Promise<void> {
  const target = await followLink(file);
  const temporary = siblingName(target, 'writing');
  await explainingErrors(file, async () => {
    await makeMissingFolders(path.dirname(target));
    if (await isFolder(target)) throw outputIsAFolder(file);
    await removeLeftovers(target);
    try {
      await writeFlushed(temporary, content);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await flushFolder(path.dirname(target));
  });
}

/**
 * As `writeFileAtomically` for a file that `fill` makes itself, at a path in an empty folder beside: whatever else it leaves
 * there goes, too.
 * @throws Failure as `writeFileAtomically`
 */
export async function replaceFileAtomically(file: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const target = await followLink(file);
  await explainingErrors(file, async () => {
    await makeMissingFolders(path.dirname(target));
    if (await isFolder(target)) throw outputIsAFolder(file);
    await removeLeftovers(target);
    const temporary = siblingName(target, 'writing');
    try {
      await mkdir(temporary);
      const draft = path.join(temporary, path.basename(target));
      await fill(draft);
      await flushTree(temporary);
      await rename(draft, target);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    await flushFolder(path.dirname(target));
  });
}

/**
 * Makes `folder` and what is missing above it. Not Node's own recursive `mkdir`, which never ends where the system says
 * that a parent exists and yet does not let anything be made in it, as /proc does (seen with Node 20).
 * @throws Failure `output-unwritable`, `output-not-a-folder`, `disk-full` (exit code 3)
 */
export async function makeFolders(folder: string): Promise<void> {
  await explainingErrors(folder, async () => {
    await makeMissingFolders(folder);
  });
}

/** Rules for replacing a folder that is already there. */
export interface Replacement {
  /** What such a folder is called in messages, such as `LoRA adapter`. */
  readonly kind: string;
  /** The file by which an older folder of this kind is known; a non-empty folder without it is refused. */
  readonly marker: string;
  /** Whether an entry of the old folder that `fill` does not write is copied over into the new one. */
  readonly keep: (entry: string) => boolean;
}

/**
 * Makes or replaces `folder` as a whole: `fill` gets the path of an empty folder beside it and writes into that; then
 * everything is flushed and renamed into place, and only then the old folder is removed. A kill at any moment leaves
 * the last good folder: if it hits between the two renames, `whereToRead` finds it and `recoverFolder` puts it back.
 * Without `replacement` whatever `folder` holds is replaced.
 * @throws Failure `output-unwritable`, `output-not-a-folder`, `output-holds-other-files`, `disk-full` (exit code 3)
 */
export async function replaceFolderAtomically(
  folder: string,
  fill: (temporary: string) => Promise<void>,
  replacement?: Replacement,
): Promise<void> {
  const target = await followLink(folder);
  await explainingErrors(folder, async () => {
    await makeMissingFolders(path.dirname(target));
    await recoverFolder(target);
    await removeLeftovers(target);
    if (replacement !== undefined) await checkReplaceable(target, replacement);
    else await entriesOf(target);
    const temporary = siblingName(target, 'writing');
    try {
      await mkdir(temporary);
      await fill(temporary);
      if (replacement !== undefined) await keepEntries(target, temporary, replacement.keep);
      await flushTree(temporary);
      await swapIn(temporary, target);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
  });
}

/**
 * Removes `folder` and what killed processes left of it, and says whether there was something. It loses its name first: a
 * kill at any moment leaves the whole folder or none.
 * @throws Failure `output-unwritable`
 */
export async function removeFolderAtomically(folder: string): Promise<boolean> {
  const target = path.resolve(folder);
  return explainingErrors(folder, async () => {
    await recoverFolder(target);
    await removeLeftovers(target);
    if (!(await exists(target))) return false;
    const nameless = siblingName(target, 'writing');
    await rename(target, nameless);
    await rm(nameless, { recursive: true, force: true });
    return true;
  });
}

/**
 * Where `folder` can be read: there, or where a killed `replaceFolderAtomically` has left it. Nothing is written, as
 * whoever only reads may look at folders that are not to be changed.
 */
export async function whereToRead(folder: string): Promise<string> {
  const target = path.resolve(folder);
  if (await exists(target)) return target;
  const replaced = (await leftoversOf(target)).find(({ stage }) => stage === 'replaced');
  if (replaced === undefined) return target;
  // The old folder is only moved away when the new one is complete, so a new one with its id is complete.
  const complete = replaced.path.replace('.replaced.', '.writing.');
  return (await exists(complete)) ? complete : replaced.path;
}

/** Finishes what a killed `replaceFolderAtomically` left half done, before anything is written in that place. */
export async function recoverFolder(folder: string): Promise<void> {
  const target = path.resolve(folder);
  const found = await whereToRead(target);
  if (found !== target) await renameUnlessTaken(found, target);
}

/**
 * Whether `folder` could be written by `replaceFolderAtomically` with this replacement, found out by trying: a run asks
 * before it trains. Leaves nothing behind.
 * @throws the failures of `replaceFolderAtomically`
 */
export async function checkFolderWritable(folder: string, replacement: Replacement): Promise<void> {
  const target = await followLink(folder);
  await explainingErrors(folder, async () => {
    const made = await makeMissingFolders(path.dirname(target));
    await recoverFolder(target);
    await checkReplaceable(target, replacement);
    const probe = siblingName(target, 'writing');
    for (let attempt = 1; ; attempt++) {
      try {
        await mkdir(probe);
        break;
      } catch (error) {
        // Another process that tried the same has just taken away the folders that it had made.
        if (systemErrorCode(error) !== 'ENOENT' || attempt === 5) throw error;
        await makeMissingFolders(path.dirname(target));
      }
    }
    await rm(probe, { recursive: true });
    // Another process may have put something into them.
    for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined);
  });
}

// ---- Names of temporary files and folders: .NAME.STAGE.PID.ID beside the target

type Stage = 'writing' | 'replaced';

function siblingName(target: string, stage: Stage): string {
  return path.join(path.dirname(target), `.${path.basename(target)}.${stage}.${process.pid}.${randomUUID()}`);
}

async function leftoversOf(target: string): Promise<{ path: string; stage: Stage; pid: number }[]> {
  const parent = path.dirname(target);
  const start = `.${path.basename(target)}.`;
  const names = (await exists(parent)) ? await readdir(parent) : [];
  return names.flatMap((name) => {
    const parts = name.startsWith(start)
      ? /^(writing|replaced)\.(\d+)\.[-0-9a-f]{36}$/.exec(name.slice(start.length))
      : null;
    return parts === null
      ? []
      : [
          {
            path: path.join(parent, name),
            stage: parts[1] === 'writing' ? 'writing' : 'replaced',
            pid: Number(parts[2]),
          },
        ];
  });
}

/** Removes what killed processes left; what a living process may still be writing stays. */
async function removeLeftovers(target: string): Promise<void> {
  for (const leftover of await leftoversOf(target)) {
    if (!isAlive(leftover.pid)) await rm(leftover.path, { recursive: true, force: true });
  }
}

/** Whether there is a process of this number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

// ---- Steps

/** Gives the folders that were missing, the uppermost first. */
async function makeMissingFolders(folder: string): Promise<string[]> {
  const missing: string[] = [];
  let above = path.resolve(folder);
  // The root is its own parent: a drive that does not exist fails in `mkdir`.
  while (above !== path.dirname(above) && !(await exists(above))) {
    missing.unshift(above);
    above = path.dirname(above);
  }
  for (const next of missing) {
    await mkdir(next).catch((error: unknown) => {
      // Another process may have made it in the meantime.
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    });
  }
  await readdir(folder); // a file in the way
  return missing;
}

async function swapIn(temporary: string, target: string): Promise<void> {
  const replaced = temporary.replace('.writing.', '.replaced.');
  const hadOld = await exists(target);
  if (hadOld) await rename(target, replaced);
  try {
    await renameUnlessTaken(temporary, target);
  } catch (error) {
    if (hadOld) await renameUnlessTaken(replaced, target);
    throw error;
  }
  await flushFolder(path.dirname(target));
  // The new folder is in place: an old one that cannot be removed now (open on Windows) goes with the next write.
  if (hadOld) await rm(replaced, { recursive: true, force: true }).catch(() => undefined);
}

/** Renames, and accepts that another process recovered the same folder in the meantime. */
async function renameUnlessTaken(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(await exists(to))) throw error;
  }
}

async function checkReplaceable(target: string, replacement: Replacement): Promise<void> {
  const entries = await entriesOf(target);
  const example = entries[0];
  if (example !== undefined && !entries.includes(replacement.marker)) {
    throw outputHoldsOtherFiles(target, replacement.kind, example);
  }
}

async function keepEntries(from: string, to: string, keep: (entry: string) => boolean): Promise<void> {
  const written = new Set(await readdir(to));
  for (const entry of await entriesOf(from)) {
    if (!written.has(entry) && keep(entry)) {
      await cp(path.join(from, entry), path.join(to, entry), {
        recursive: true,
        preserveTimestamps: true,
        verbatimSymlinks: true,
      });
    }
  }
}

/** The entries of a folder, sorted; none when it does not exist. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function writeFlushed(file: string, content: FileContent): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    if (typeof content === 'function') await content((chunk) => append(handle, chunk));
    else await append(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function append(handle: FileHandle, chunk: Uint8Array | string): Promise<void> {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
  // One write call takes at most 2 GB and may take less.
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 1 << 30));
    done += bytesWritten;
  }
}

async function flushTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const entryPath = path.join(folder, entry.name);
    if (entry.isDirectory()) await flushTree(entryPath);
    else if (entry.isFile()) await flushPath(entryPath, process.platform === 'win32' ? 'r+' : 'r');
  }
  await flushFolder(folder);
}

async function flushFolder(folder: string): Promise<void> {
  // Windows cannot open a folder for flushing; its file systems keep the order of renames themselves.
  if (process.platform !== 'win32') await flushPath(folder, 'r');
}

async function flushPath(entry: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(entry, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writing through a link replaces what it points to, not the link. */
async function followLink(target: string): Promise<string> {
  try {
    return await realpath(target);
  } catch {
    return path.resolve(target);
  }
}

async function exists(target: string): Promise<boolean> {
  try {
    await stat(target);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

async function isFolder(target: string): Promise<boolean> {
  return (await exists(target)) && (await stat(target)).isDirectory();
}

async function explainingErrors<Result>(target: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure || systemErrorCode(error) === undefined) throw error;
    throw outputUnwritable(target, error);
  }
}
