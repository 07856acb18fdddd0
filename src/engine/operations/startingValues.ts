import path from 'node:path';
import { readAdapterFolder } from '../formats/adapterFolder';
import { readTensor } from '../formats/safetensors';
import { readWeight } from '../facts/baseModel';
import { initializeAdapter } from '../lora/initialize';
import type { InitialAdapter } from '../lora/initialize';
import type { Adapter } from '../lora/adapter';
import type { BaseModel } from '../facts/baseModel';
import type { Failure } from '../../failure/failure';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import { initFromMisfit } from './failures';

/** What starting values depend on. */
export interface Start {
  readonly base: BaseModel;
  readonly adapter: Adapter;
  readonly loaded: LoadedRecipe;
}

/** Starting values of everything that is trained: fresh ones, or those of the adapter in `lora.init_from`. */
export async function startingValues(start: Start): Promise<InitialAdapter> {
  const { base, adapter, loaded } = start;
  const earlier = await initFromTensors(start);
  if (earlier !== undefined) return { tensors: earlier, baseWeights: new Map() };
  return initializeAdapter(adapter, loaded.recipe.training.seed, (name) => readWeight(base, name));
}

/** The tensors of the adapter in `lora.init_from`, where the recipe names one. Throws `init-from-misfit`. */
export async function initFromTensors({
  base,
  adapter,
  loaded,
}: Start): Promise<Map<string, Float32Array> | undefined> {
  const { init_from: initFrom } = loaded.recipe.lora;
  if (loaded.recipe.method === 'full' || initFrom === null) return undefined;
  const folder = path.resolve(path.dirname(loaded.file), initFrom);
  return adapterTensors(base, adapter, folder, (detail) => initFromMisfit(folder, detail));
}

/**
 * The tensors of an adapter folder, in the order of what `adapter` trains.
 * @throws the failure that `misfit` makes of a detail, where the folder's adapter is another one
 */
export async function adapterTensors(
  base: BaseModel,
  adapter: Adapter,
  folder: string,
  misfit: (detail: string) => Failure,
): Promise<Map<string, Float32Array>> {
  const { tensors: stored } = await readAdapterFolder(folder);
  const tensors = new Map<string, Float32Array>();
  for (const { name, shape, baseWeight } of adapter.trainables) {
    const entry = stored.get(name);
    if (entry === undefined) {
      // A bias or saved module that the folder does not hold is as in the base model.
      if (baseWeight === undefined) throw misfit(`it has no "${name}"`);
      tensors.set(name, await readWeight(base, baseWeight));
      continue;
    }
    if (entry.shape.join() !== shape.join()) {
      throw misfit(`its "${name}" has shape [${entry.shape.join(', ')}] instead of [${shape.join(', ')}]`);
    }
    tensors.set(name, await readTensor(entry));
  }
  const trained = new Set(adapter.trainables.map(({ name }) => name));
  // PEFT stores the base's own embedding and head beside an adapted embedding; they are those of the base model.
  const extra = [...stored.keys()].find((name) => !trained.has(name) && !base.model.parameters.has(name));
  if (extra !== undefined) throw misfit(`nothing here takes its "${extra}"`);
  return tensors;
}
