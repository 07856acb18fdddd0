import type { Bin, Window } from '../data/batches';
import { outOfMemory } from './failures';
import { windowGradients } from './optimizerStep';
import type { CompiledLoss } from './optimizerStep';
import type { TrainingSettings } from './settings';
import type { TrainingState } from './state';

export interface LargestBatch {
  readonly rows: number;
  /** Tokens of each row. */
  readonly length: number;
}

/** A first step that is nearly as large shows as much by itself. */
const nearly = 0.9;

/**
 * Computes a step on a batch as large as they come and throws its result away, so that a run that does not fit into
 * memory ends at once and not after an hour. Nothing is spent where the first step is as large anyway. No number of the
 * run changes by it: random numbers are counted, not carried along.
 * @returns whether it was needed
 * @throws Failure `out-of-memory`
 */
export async function rehearse(
  compiled: CompiledLoss,
  state: TrainingState,
  settings: TrainingSettings,
  { rows, length }: LargestBatch,
  first: Window,
): Promise<boolean> {
  const size = (bins: readonly Bin[]): number =>
    Math.max(...compiled.layOut({ bins }).map((batch) => batch.batch * batch.length));
  const bins = Array.from({ length: rows }, () => [longRow(first, length)]);
  if (size(first.bins) >= nearly * size(bins)) return false;
  const tokens = rows * length;
  const window: Window = { ...first, bins, tokens, supervisedTokens: tokens - rows };
  try {
    await windowGradients(compiled, state, settings, window);
  } catch (error) {
    if (isOutOfMemory(error)) throw outOfMemory(rows, length, error);
    throw error;
  }
  return true;
}

/** Of one real token over and over: what it says does not matter for its size. */
function longRow({ bins }: Window, length: number): Bin[number] {
  const token = bins[0]![0]!.ids[0]!;
  return { row: 0, ids: new Int32Array(length).fill(token), supervised: new Uint8Array(length).fill(1) };
}

/** As C++, the runtime and JavaScript say it. */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  return /bad_alloc|out of memory|failed to allocate|allocation failed|array buffer allocation/i.test(text);
}
