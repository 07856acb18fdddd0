import { randomUUID } from 'node:crypto';
import { copyFile, readFile, readdir, rename, rm, rmdir, stat, statfs, symlink } from 'node:fs/promises';
import path from 'node:path';
import { makeFolders, writeFileAtomically } from '../formats/atomicFile';
import { systemErrorCode } from '../formats/failures';
import { hubModelFolder } from '../formats/hubCache';
import { readTextIfPresent } from '../formats/jsonFile';
import { incompleteName } from './blob';
import { downloadNeedsSpace } from './failures';
import type { RemoteFile } from './hubClient';
import { configFile } from './repoFiles';

/** What is left free on the disk: a full one troubles every program. */
const spare = 100e6;

/**
 * A model's folder in the hub cache, laid out as `huggingface_hub` lays it out: `blobs` by hash, `snapshots/COMMIT` with
 * links to them (where links do not work, the files themselves), `refs/REVISION` with the commit.
 */
export class ModelCache {
  readonly folder: string;
  /** A lock of ours for as long as a process fetches this model. */
  readonly lock: string;

  constructor(
    private readonly cache: string,
    id: string,
    private readonly useLinks: boolean,
  ) {
    this.folder = hubModelFolder(id, cache);
    this.lock = path.join(cache, '.locks', path.basename(this.folder), 'lora');
  }

  snapshot(commit: string): string {
    return path.join(this.folder, 'snapshots', commit);
  }

  blob({ oid }: RemoteFile): string {
    return path.join(this.folder, 'blobs', oid);
  }

  /** @throws Failure `output-unwritable`, … */
  async prepareLock(): Promise<void> {
    await makeFolders(path.dirname(this.lock));
  }

  /** @throws Failure `output-unwritable`, … */
  async prepare(): Promise<void> {
    await makeFolders(path.join(this.folder, 'blobs'));
  }

  /** Takes away what was fetched of a model that cannot be used, and the folders if nothing else is in them. */
  async forget(files: ReadonlySet<RemoteFile>): Promise<void> {
    for (const file of files) await rm(this.blob(file), { force: true });
    for (const folder of [path.join(this.folder, 'blobs'), this.folder]) await rmdir(folder).catch(() => undefined);
  }

  /** The snapshot of a revision that was fetched earlier, with the sizes of its files. */
  async findSnapshot(
    revision: string,
  ): Promise<{ readonly commit: string; readonly folder: string; readonly sizes: readonly number[] } | undefined> {
    const ref = await readTextIfPresent(path.join(this.folder, 'refs', ...revision.split('/')));
    const commit = ref?.trim() ?? revision;
    const folder = this.snapshot(commit);
    const names = /^[0-9a-f]{40}$/.test(commit) ? await readdir(folder).catch(() => []) : [];
    if (!names.includes(configFile)) return undefined;
    const sizes = await Promise.all(names.map(async (name) => (await sizeOf(path.join(folder, name))) ?? 0));
    return { commit, folder, sizes };
  }

  /** Where the file lies in full; undefined where it does not. Size and name stand for the bytes, as everywhere here. */
  async find(file: RemoteFile, commit: string): Promise<string | undefined> {
    for (const place of [path.join(this.snapshot(commit), file.name), this.blob(file)]) {
      if ((await sizeOf(place)) === file.size) return place;
    }
    return undefined;
  }

  /** Bytes of the file that are here, also those of a download that was stopped. */
  async present(file: RemoteFile, commit: string): Promise<number> {
    if ((await this.find(file, commit)) !== undefined) return file.size;
    return Math.min(file.size, (await sizeOf(incompleteName(this.blob(file)))) ?? 0);
  }

  async readJson(file: RemoteFile, commit: string): Promise<unknown> {
    const place = await this.find(file, commit);
    return JSON.parse(await readFile(place!, 'utf8')) as unknown;
  }

  /** @throws Failure `download-needs-space` */
  async checkSpace(needed: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    const free = bavail * bsize;
    if (needed > 0 && free < needed + spare) throw downloadNeedsSpace(this.cache, needed + spare, free);
  }

  /**
   * Makes the snapshot of files whose blobs are here. By `config.json` a snapshot is taken for one and by the ref it is
   * found: these two come last, so that it is never found before it is complete. Where there are no links, blobs in
   * `fetched` are moved, as nothing else can use them yet; others are copied.
   */
  async publish(
    files: readonly RemoteFile[],
    commit: string,
    revision: string,
    fetched: ReadonlySet<RemoteFile>,
  ): Promise<void> {
    await makeFolders(this.snapshot(commit));
    const last = files.filter(({ name }) => name === configFile);
    for (const file of [...files.filter((file) => !last.includes(file)), ...last]) {
      const isOnly = files.filter(({ oid }) => oid === file.oid).length === 1;
      await this.#link(file, commit, isOnly && fetched.has(file));
    }
    if (revision !== commit) await writeFileAtomically(path.join(this.folder, 'refs', ...revision.split('/')), commit);
  }

  async #link(file: RemoteFile, commit: string, mayMove: boolean): Promise<void> {
    const target = path.join(this.snapshot(commit), file.name);
    if ((await sizeOf(target)) === file.size) return;
    const blob = this.blob(file);
    const beside = path.join(path.dirname(target), `.${file.name}.${randomUUID()}`);
    try {
      if (this.useLinks && (await isLinked(path.relative(path.dirname(target), blob), beside))) {
        await rename(beside, target);
      } else if (mayMove) {
        await rename(blob, target);
      } else {
        await copyFile(blob, beside);
        await rename(beside, target);
      }
    } finally {
      await rm(beside, { force: true });
    }
  }
}

async function isLinked(target: string, link: string): Promise<boolean> {
  try {
    await symlink(target, link, 'file');
    return true;
  } catch (error) {
    // Windows allows links to administrators and developers only; some file systems have none.
    if (['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL'].includes(systemErrorCode(error) ?? ''))
      return false;
    throw error;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch {
    return undefined;
  }
}
