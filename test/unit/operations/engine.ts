import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createEngine } from '../../../src/engine/session';
import { readSafetensorsHeader, readTensor } from '../../../src/engine/formats/safetensors';
import type { LoadedRecipe } from '../../../src/recipe/loadedRecipe';
import { applyOverrides } from '../../../src/recipe/overrides';
import { parseRecipe } from '../../../src/recipe/parse';
import { resolveRecipe } from '../../../src/recipe/resolve';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { temporaryFolder, writeTinyProject } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';

export const engine = createEngine();

export async function project(
  t: TestContext,
  changes: Parameters<typeof writeTinyProject>[1] = {},
): Promise<TinyProject> {
  return writeTinyProject(await temporaryFolder(t), changes);
}

/** The project's recipe as the command line loads it, with `--set`. */
export async function load({ recipe: file }: TinyProject, ...overrides: string[]): Promise<LoadedRecipe> {
  const { text, problems: wrong } = applyOverrides(await readFile(file, 'utf8'), overrides);
  const { recipe, problems } = parseRecipe(text);
  assert.deepEqual([...wrong, ...problems.filter(({ severity }) => severity === 'error')], []);
  return { file, text, recipe: resolveRecipe(recipe!, { recipeFile: file }) };
}

export interface TrainOptions {
  readonly set?: readonly string[];
  readonly resume?: string;
  /** Asks the run to stop when this step is done. */
  readonly stopAfter?: number;
}

/** Trains to the end, or until it is stopped. */
export async function train(
  tiny: TinyProject,
  { set = [], resume, stopAfter }: TrainOptions = {},
): Promise<{ events: TrainingEvent[]; outcome: 'finished' | 'cancelled' }> {
  const stop = new AbortController();
  const events: TrainingEvent[] = [];
  const outcome = await engine.train(await load(tiny, ...set), {
    ...(resume === undefined ? {} : { resume }),
    signal: stop.signal,
    onEvent(event) {
      events.push(event);
      if (event.type === 'step' && event.step === stopAfter) stop.abort();
    },
  });
  return { events, outcome };
}

/** The bytes of the adapter that was written. */
export async function adapterBytes({ output }: TinyProject): Promise<Buffer> {
  return readFile(path.join(output, 'adapter_model.safetensors'));
}

/** The tensors of a safetensors file by name. */
export async function tensorsOf(file: string): Promise<Map<string, Float32Array>> {
  const { tensors } = await readSafetensorsHeader(file);
  const values = new Map<string, Float32Array>();
  for (const [name, entry] of tensors) values.set(name, await readTensor(entry));
  return values;
}

/** A step's numbers, without the clock and the machine. */
export function course(...parts: readonly { readonly events: readonly TrainingEvent[] }[]): object[] {
  return parts
    .flatMap(({ events }) => events)
    .flatMap((event) => {
      if (event.type !== 'step') return [];
      const { step, epoch, loss, learning_rate, grad_norm, num_tokens, mean_token_accuracy } = event;
      return [{ step, epoch, loss, learning_rate, grad_norm, num_tokens, mean_token_accuracy }];
    });
}
