import { readdir } from 'node:fs/promises';
import { adapterReplacement } from '../formats/adapterFolder';
import { checkFolderWritable } from '../formats/atomicFile';
import { exportOutputExists, exportOutputTaken } from './export/failures';
import { overlap } from './overlap';

/** Where an adapter folder is to be written. */
export interface AdapterOutput {
  readonly output: string;
  readonly overwrite: boolean;
}

/** What must not be written over; `what` is `the base model` or `the adapter`. */
export interface AdapterSource {
  readonly place: string;
  readonly what: string;
}

/**
 * Whether an adapter that is made of others can be written in its place, found out before it is made.
 * @throws Failure `export-output-exists`, `export-output-taken`, those of `checkFolderWritable`
 */
export async function checkAdapterOutput(
  { output, overwrite }: AdapterOutput,
  sources: readonly AdapterSource[],
): Promise<void> {
  for (const { place, what } of sources) if (await overlap(output, place)) throw exportOutputTaken(output, what);
  const entries = await readdir(output).catch((): string[] => []);
  if (entries.length > 0 && !overwrite) throw exportOutputExists(output);
  await checkFolderWritable(output, adapterReplacement);
}
