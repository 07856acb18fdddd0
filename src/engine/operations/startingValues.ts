import path from 'node:path';
import { readAdapterFolder } from '../formats/adapterFolder';
import { readTensor } from '../formats/safetensors';
import { readWeight } from '../facts/baseModel';
import { initializeAdapter } from '../lora/initialize';
import type { InitialAdapter } from '../lora/initialize';
import type { Adapter } from '../lora/adapter';
import type { BaseModel } from '../facts/baseModel';
import { initFromDiffers, initFromLacks } from './failures';
import type { Prepared } from './prepare';

/** Starting values of everything that is trained: fresh ones, or those of the adapter in `lora.init_from`. */
export async function startingValues({ base, adapter, loaded }: Prepared): Promise<InitialAdapter> {
  const { lora, training, method } = loaded.recipe;
  if (method === 'lora' && lora.init_from !== null) {
    const folder = path.resolve(path.dirname(loaded.file), lora.init_from);
    return { tensors: await adapterTensors(base, adapter, folder), baseWeights: new Map() };
  }
  return initializeAdapter(adapter, training.seed, (name) => readWeight(base, name));
}

/**
 * The tensors of an adapter folder, in the order of what `adapter` trains.
 * @throws Failure `init-from-lacks`, `init-from-differs` where the folder's adapter is another one
 */
export async function adapterTensors(
  base: BaseModel,
  adapter: Adapter,
  folder: string,
): Promise<Map<string, Float32Array>> {
  const { tensors: stored } = await readAdapterFolder(folder);
  const tensors = new Map<string, Float32Array>();
  for (const { name, shape, baseWeight } of adapter.trainables) {
    const entry = stored.get(name);
    if (entry === undefined) {
      // A bias or saved module that the folder does not hold is as in the base model.
      if (baseWeight === undefined) throw initFromLacks(folder, name);
      tensors.set(name, await readWeight(base, baseWeight));
      continue;
    }
    if (entry.shape.join() !== shape.join()) throw initFromDiffers(folder, name, entry.shape, shape);
    tensors.set(name, await readTensor(entry));
  }
  const trained = new Set(adapter.trainables.map(({ name }) => name));
  // PEFT stores the base's own embedding and head beside an adapted embedding; they are those of the base model.
  const extra = [...stored.keys()].find((name) => !trained.has(name) && !base.model.parameters.has(name));
  if (extra !== undefined) throw initFromLacks(folder, extra, 'recipe');
  return tensors;
}
