import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { outputInUse } from '../../run/failures';
import type { TrainingEvent } from '../../run/trainingEvent';
import { makeFolders } from '../formats/atomicFile';
import { outputUnwritable } from '../formats/failures';
import { realPath } from '../formats/realPath';
import { takeLock } from './lock';
import type { Lock } from './lock';

/** Held by a run from before it has a folder until it ends, so that no other run replaces what it writes. */
export interface OutputLock extends Lock {
  /** Says which run it is, for the sentence in which another one is refused. */
  nameRun(id: string): Promise<void>;
}

/** Lies in the lock, and goes with it. */
const runFile = 'run';

/**
 * Takes the lock of the folder `output` among the recipes that lie beside `recipeFile`, however they spell it. It lies in
 * `.lora` there, as the output's own surroundings are the user's.
 * @throws Failure `output-in-use`, `output-unwritable`
 */
export async function lockOutput(recipeFile: string, output: string): Promise<OutputLock> {
  const kept = path.join(path.dirname(recipeFile), '.lora');
  const locks = path.join(kept, 'outputs');
  const folder = path.join(locks, nameOf(await realPath(output)));
  await makeFolders(locks);
  const lock = await takeLock(folder).catch((error: unknown) => {
    throw outputUnwritable(folder, error);
  });
  if ('heldBy' in lock) {
    const run = await readFile(path.join(folder, runFile), 'utf8').catch(() => undefined);
    const step = run === undefined ? undefined : await stepReached(path.join(kept, 'runs', run)).catch(() => undefined);
    throw outputInUse(output, { pid: lock.heldBy, host: lock.on, lock: folder, run, step });
  }
  return {
    release: () => lock.release(),
    // Nothing but that sentence depends on it.
    nameRun: (id) => writeFile(path.join(folder, runFile), id).catch(() => undefined),
  };
}

/** Windows and macOS take names that differ in case for one; where a disk does not, two recipes wait for each other in vain. */
function nameOf(place: string): string {
  const spelt = process.platform === 'linux' ? place : place.toLowerCase();
  return createHash('sha256').update(spelt).digest('hex').slice(0, 16);
}

/** The last step in the metrics of a run, of which the last line may be half written; undefined before the first step. */
async function stepReached(run: string): Promise<number | undefined> {
  const lines = (await readFile(path.join(run, 'metrics.jsonl'), 'utf8')).split('\n').slice(0, -1);
  for (const line of lines.reverse()) {
    const event = JSON.parse(line) as TrainingEvent;
    if (event.type === 'step') return event.step;
  }
  return undefined;
}
