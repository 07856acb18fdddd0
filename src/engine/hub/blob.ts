import { createHash, type Hash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { downloadCutOff, downloadDamaged } from './failures';
import type { HubClient, RemoteFile } from './hubClient';
import { NetworkTrouble, patiently } from './request';

export interface BlobOptions {
  readonly commit: string;
  readonly pauses: readonly number[];
  readonly signal: AbortSignal;
  /** Bytes of the file that are here. */
  readonly onBytes: (here: number) => void;
  readonly onPause: (reason: string, seconds: number) => void;
}

/** Where the bytes of a blob lie until they are complete: a name that no other program writes to. */
export function incompleteName(blob: string): string {
  return `${blob}.lora.incomplete`;
}

/**
 * Fetches a file into `blob`, which is there in full or not at all: it grows beside, goes on after a cut connection or
 * an earlier stop, is compared with the hash that the hub announces, and renamed. Where the bytes are wrong it is
 * fetched once more from its beginning.
 * @throws Failure `download-damaged`, `download-cut-off`, `hub-…`; the signal's reason
 */
export async function fetchBlob(
  client: HubClient,
  file: RemoteFile,
  blob: string,
  options: BlobOptions,
): Promise<void> {
  const incomplete = incompleteName(blob);
  for (let attempt = 1; ; attempt++) {
    const growing = await GrowingFile.open(incomplete, file);
    let isRight = false;
    try {
      await fill(client, file, growing, options);
      isRight = growing.isRight();
      if (isRight) await growing.flush();
    } finally {
      await growing.close();
      if (!isRight && growing.length === 0) await rm(incomplete, { force: true });
    }
    if (isRight) break;
    await rm(incomplete, { force: true });
    if (attempt === 2) throw downloadDamaged(file.name);
  }
  await rename(incomplete, blob);
}

async function fill(client: HubClient, file: RemoteFile, growing: GrowingFile, options: BlobOptions): Promise<void> {
  const { commit, pauses, signal, onBytes, onPause } = options;
  let before = growing.length;
  const attempt = async (): Promise<void> => {
    onBytes(growing.length);
    if (growing.length === file.size) return;
    await client.read(file, commit, growing.length, async (start, chunks) => {
      if (start !== growing.length) await growing.empty();
      for await (const chunk of chunks) {
        await growing.append(chunk);
        onBytes(growing.length);
        if (growing.length > file.size) return;
      }
    });
    if (growing.length < file.size) throw new NetworkTrouble('the connection was cut', undefined);
  };
  await patiently(attempt, {
    pauses,
    signal,
    onPause,
    progressed: () => {
      const isFurther = growing.length > before;
      before = growing.length;
      return isFurther;
    },
    giveUp: (trouble) => downloadCutOff(file.name, trouble.reason, trouble.cause),
  });
}

/** A file that only grows, with the hash of what it holds. */
class GrowingFile {
  length = 0;
  #hash: Hash;

  private constructor(
    private readonly handle: FileHandle,
    private readonly file: RemoteFile,
  ) {
    this.#hash = newHash(file);
  }

  /** What is there already counts, unless it cannot be a beginning. */
  static async open(path: string, file: RemoteFile): Promise<GrowingFile> {
    const handle = await open(path, 'a+');
    const growing = new GrowingFile(handle, file);
    try {
      const { size } = await handle.stat();
      if (size > file.size) await growing.empty();
      else await growing.#readAll();
      return growing;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) done += (await this.handle.write(chunk, done)).bytesWritten;
    this.#hash.update(chunk);
    this.length += chunk.length;
  }

  async empty(): Promise<void> {
    await this.handle.truncate(0);
    this.length = 0;
    this.#hash = newHash(this.file);
  }

  /** Ends the hash. */
  isRight(): boolean {
    return this.length === this.file.size && this.#hash.digest('hex') === this.file.oid;
  }

  async flush(): Promise<void> {
    await this.handle.sync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  async #readAll(): Promise<void> {
    const buffer = Buffer.alloc(1 << 20);
    for (;;) {
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.length);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.length += bytesRead;
    }
  }
}

/** git hashes a file's content behind a line that tells its length. */
function newHash({ algorithm, size }: RemoteFile): Hash {
  return algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}
