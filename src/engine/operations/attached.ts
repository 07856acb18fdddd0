import { Failure } from '../../failure/failure';
import { tooSlow, withTimeLimit } from '../data/timeLimit';
import type { AdapterConfig } from '../formats/adapterConfig';
import { readAdapterFolder } from '../formats/adapterFolder';
import { readWeight } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { loraOptionsOf } from '../facts/adapterOptions';
import type { WeightedAdapter } from '../../run/answers';
import { concatenated } from '../lora/concatenated';
import type { AdapterValues } from '../lora/concatenated';
import { canBeStacked } from '../lora/stack';
import { planAdapter } from '../lora/adapter';
import type { Adapter } from '../lora/adapter';
import { f32, floats } from '../runtime/runtime';
import type { Tensor, Tensors } from '../runtime/runtime';
import { adapterMisfit, adaptersNotCombinable } from './failures';
import { adapterTensors } from './startingValues';

/** Milliseconds to find an adapter's layers; a sound one takes some ten. */
const planTime = 1_000;

/** An adapter from disk, ready to be attached to its base. */
export interface Attached {
  readonly adapter: Adapter;
  readonly tensors: Tensors;
}

/** Reads an adapter folder for `base`. Its effect is multiplied by `weight`: 0 is the base, 1 as trained. */
export async function attach(base: BaseModel, folder: string, weight: number): Promise<Attached> {
  const { config } = await readAdapterFolder(folder);
  const misfit = (detail: string): Failure => adapterMisfit(folder, detail, config.base_model_name_or_path);
  const adapter = planStored(base, config, misfit);
  const tensors = await adapterTensors(base, adapter, folder, misfit);
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

/**
 * The weighted sum of some adapters, as one.
 * @throws Failure `adapters-not-combinable` where one of several replaces weights of the base
 */
export async function attachAll(base: BaseModel, adapters: readonly WeightedAdapter[]): Promise<Attached | undefined> {
  const [only] = adapters;
  if (only === undefined) return undefined;
  if (adapters.length === 1) return attach(base, only.folder, only.weight);
  const parts: AdapterValues[] = [];
  for (const { folder, weight } of adapters) {
    const { adapter, tensors } = await attach(base, folder, weight);
    // As texts are continued: with several adapters by updates alone.
    if (!canBeStacked(adapter)) throw adaptersNotCombinable(folder);
    parts.push({ adapter, values: valuesOf(tensors) });
  }
  const sum = concatenated(parts);
  if ('contested' in sum) throw new Error(`Updates never replace ${sum.contested}`);
  const { adapter, values } = sum;
  const tensors = adapter.trainables.map(({ name, shape }) => [name, f32(values.get(name)!, shape)] as const);
  return { adapter, tensors: Object.fromEntries(tensors) };
}

/** The values of an attached adapter by their names. */
export function valuesOf(tensors: Tensors): Map<string, Float32Array> {
  return new Map(Object.keys(tensors).map((name) => [name, floats(tensors, name)]));
}

function planStored(base: BaseModel, config: AdapterConfig, misfit: (detail: string) => Failure): Adapter {
  try {
    // The folder may be anyone's, and so may its regular expressions.
    const planned = withTimeLimit(planTime, () => planAdapter(base.model, loraOptionsOf(config), 'stored'));
    if (planned === tooSlow) throw misfit('a pattern in its adapter_config.json takes too long to match');
    return planned;
  } catch (error) {
    if (error instanceof Failure && error.code === 'adapter-misfit') throw error;
    // What is said of a recipe there is true of an adapter, but nothing that its user could change.
    throw error instanceof Failure ? misfit(`its target_modules match no layer (${error.code})`) : error;
  }
}
