import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { replaceFolderAtomically, writeFileAtomically } from '../formats/atomicFile';
import { readSafetensorsHeader, readTensor, writeSafetensors } from '../formats/safetensors';
import { checkpointBroken } from './failures';

/** A trained tensor with its optimizer state. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly moments: { readonly first: Float32Array; readonly second: Float32Array };
}

const tensorsFile = 'training_state.safetensors';
const progressFile = 'progress.json';
const parts = ['values', 'first', 'second'] as const;

/**
 * Writes `folder` (`…/step-N`) as a whole: every trained tensor with its moments, and `progress` as JSON. Nothing else
 * is needed to continue exactly, as random numbers depend on the seed and the step alone.
 */
export async function writeCheckpoint(
  folder: string,
  tensors: readonly StoredTensor[],
  progress: unknown,
): Promise<void> {
  await replaceFolderAtomically(folder, async (temporary) => {
    const stored = tensors.flatMap(({ name, shape, values, moments }) => [
      { name: `values.${name}`, shape, data: values },
      { name: `first.${name}`, shape, data: moments.first },
      { name: `second.${name}`, shape, data: moments.second },
    ]);
    await writeSafetensors(path.join(temporary, tensorsFile), stored);
    await writeFileAtomically(path.join(temporary, progressFile), `${JSON.stringify(progress, null, 2)}\n`);
  });
}

/**
 * Reads a checkpoint into `tensors` and gives its progress.
 * @throws Failure `checkpoint-broken` where it belongs to other tensors or cannot be read
 */
export async function readCheckpoint(folder: string, tensors: readonly StoredTensor[]): Promise<unknown> {
  const { tensors: stored } = await readSafetensorsHeader(path.join(folder, tensorsFile));
  for (const { name, values, moments } of tensors) {
    const targets = { values, ...moments };
    for (const part of parts) {
      const entry = stored.get(`${part}.${name}`);
      if (entry === undefined) throw checkpointBroken(folder, `it has no ${part} of ${name}`);
      const data = await readTensor(entry);
      if (data.length !== values.length) throw checkpointBroken(folder, `${name} has another size`);
      targets[part].set(data);
    }
  }
  try {
    return JSON.parse(await readFile(path.join(folder, progressFile), 'utf8')) as unknown;
  } catch {
    throw checkpointBroken(folder, `${progressFile} is missing or not JSON`);
  }
}

/** The checkpoints in `folder`, oldest first. Half-written ones have other names and are not seen. */
export async function listCheckpoints(folder: string): Promise<{ step: number; path: string }[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries
    .flatMap((name) => {
      const match = /^step-(\d+)$/.exec(name);
      return match === null ? [] : [{ step: Number(match[1]), path: path.join(folder, name) }];
    })
    .sort((a, b) => a.step - b.step);
}

/** Removes the oldest checkpoints beyond `limit`, never the newest nor the step in `keep`. */
export async function pruneCheckpoints(folder: string, limit: number | null, keep: number | undefined): Promise<void> {
  if (limit === null) return;
  const checkpoints = await listCheckpoints(folder);
  const removable = checkpoints.slice(0, -1).filter(({ step }) => step !== keep);
  const excess = Math.max(0, checkpoints.length - Math.max(1, limit));
  for (const { path: old } of removable.slice(0, excess)) await rm(old, { recursive: true, force: true });
}

/** Removes the checkpoints of steps after `step`. */
export async function dropCheckpointsAfter(folder: string, step: number): Promise<void> {
  for (const checkpoint of await listCheckpoints(folder)) {
    if (checkpoint.step > step) await rm(checkpoint.path, { recursive: true, force: true });
  }
}
