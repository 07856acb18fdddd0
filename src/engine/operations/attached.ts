import { readAdapterFolder } from '../formats/adapterFolder';
import { readWeight } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { loraOptionsOf } from '../facts/adapterOptions';
import { planAdapter } from '../lora/adapter';
import type { Adapter } from '../lora/adapter';
import { f32 } from '../runtime/runtime';
import type { Tensor, Tensors } from '../runtime/runtime';
import { adapterTensors } from './startingValues';

/** An adapter from disk, ready to be attached to its base. */
export interface Attached {
  readonly adapter: Adapter;
  readonly tensors: Tensors;
}

/** Reads an adapter folder for `base`. Its effect is multiplied by `weight`: 0 is the base, 1 as trained. */
export async function attach(base: BaseModel, folder: string, weight: number): Promise<Attached> {
  const { config } = await readAdapterFolder(folder);
  const adapter = planAdapter(base.model, loraOptionsOf(config), 'stored');
  const tensors = await adapterTensors(base, adapter, folder);
  const entries: Record<string, Tensor> = {};
  for (const { name, shape, role, baseWeight } of adapter.trainables) {
    const data = tensors.get(name)!;
    const isB = role === 'lora_B' || role === 'lora_embedding_B';
    // What replaces a weight of the base is mixed with it; of a product of two matrices one carries the weight.
    const origin = baseWeight === undefined || weight === 1 ? undefined : await readWeight(base, baseWeight);
    const weighted =
      origin === undefined
        ? data.map((value) => (isB ? value * weight : value))
        : data.map((value, i) => origin[i]! + weight * (value - origin[i]!));
    entries[name] = f32(weighted, shape);
  }
  return { adapter, tensors: entries };
}
