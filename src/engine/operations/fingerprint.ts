import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { BaseModel } from '../facts/baseModel';

/** By what a dataset is known again when a run goes on. */
export interface Fingerprint {
  readonly dataset_bytes: number;
  /** Of the whole file; null where that would take a noticeable time. */
  readonly dataset_sha256: string | null;
  /** Of pieces from all over a larger file, else null. */
  readonly dataset_sample_sha256: string | null;
}

const wholeBytes = 64 * 2 ** 20;
const pieces = 64;
const pieceBytes = 64 * 2 ** 10;

/** By what a base model is known again, wherever its folder lies: sizes of, and pieces from, weights and tokenizer. */
export async function modelFingerprint({ weights, folder }: BaseModel): Promise<string> {
  const files = new Set([...weights.values()].map(({ file }) => file));
  if (folder.tokenizerFile !== undefined) files.add(folder.tokenizerFile);
  const hash = createHash('sha256').update(JSON.stringify(folder.config));
  for (const file of [...files].sort()) hash.update(JSON.stringify(await fingerprint(file, pieces * pieceBytes)));
  return hash.digest('hex');
}

/** Size and content of a file, in no time: a large file by its size and 64 pieces, first and last included. */
export async function fingerprint(file: string, wholeUpTo = wholeBytes): Promise<Fingerprint> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const isWhole = size <= wholeUpTo;
    const starts = isWhole
      ? Array.from({ length: Math.ceil(size / pieceBytes) }, (_, i) => i * pieceBytes)
      : Array.from({ length: pieces }, (_, i) => Math.floor(((size - pieceBytes) * i) / (pieces - 1)));
    const hash = await hashOf(handle, starts);
    return {
      dataset_bytes: size,
      dataset_sha256: isWhole ? hash : null,
      dataset_sample_sha256: isWhole ? null : hash,
    };
  } finally {
    await handle.close();
  }
}

async function hashOf(handle: FileHandle, starts: readonly number[]): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(pieceBytes);
  for (const start of starts) {
    const { bytesRead } = await handle.read(buffer, 0, pieceBytes, start);
    hash.update(buffer.subarray(0, bytesRead));
  }
  return hash.digest('hex');
}
