import { readAdapterFolder } from '../formats/adapterFolder';
import type { BaseModel } from '../facts/baseModel';
import { loraOptionsOf } from '../facts/adapterOptions';
import { planAdapter } from '../lora/adapter';
import type { Adapter } from '../lora/adapter';
import { f32 } from '../runtime/runtime';
import type { Tensors } from '../runtime/runtime';
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
  const entries = adapter.trainables.map(({ name, shape, role }) => {
    const data = tensors.get(name)!;
    const isB = role === 'lora_B' || role === 'lora_embedding_B';
    return [name, f32(isB && weight !== 1 ? data.map((value) => value * weight) : data, shape)] as const;
  });
  return { adapter, tensors: Object.fromEntries(entries) };
}
