import type { WeightedAdapter } from '../../../run/answers';
import type { BaseModel } from '../../facts/baseModel';
import { readAdapterFolder } from '../../formats/adapterFolder';
import type { Adapter } from '../../lora/adapter';
import type { WeightedUpdate } from '../../lora/combinations';
import { changesBase } from '../../lora/initialize';
import { canBeStacked } from '../../lora/stack';
import type { LoraTarget } from '../../lora/types';
import { attach, valuesOf } from '../attached';
import { adapterStartsInsideBase } from '../merge/failures';
import { adapterFillsNoSum } from './failures';

/** One of the adapters that are combined. */
export interface Part {
  readonly weight: number;
  /** What the adapter calls its base model. */
  readonly baseModel: string | null;
  /** Its largest rank, as its configuration says. */
  readonly rank: number;
  readonly adapter: Adapter;
  readonly values: ReadonlyMap<string, Float32Array>;
}

/** @throws Failure `adapter-not-summable`, `adapter-starts-inside-base`, those of `attach` */
export async function openParts(base: BaseModel, adapters: readonly WeightedAdapter[]): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const { folder, weight } of adapters) {
    const { config } = await readAdapterFolder(folder);
    const { adapter, tensors } = await attach(base, folder, 1);
    if (!canBeStacked(adapter)) throw adapterFillsNoSum(folder);
    if (changesBase(adapter)) throw adapterStartsInsideBase(folder, String(adapter.initLoraWeights));
    const rank = Math.max(config.r, ...Object.values(config.rank_pattern));
    parts.push({ weight, baseModel: config.base_model_name_or_path, rank, adapter, values: valuesOf(tensors) });
  }
  return parts;
}

/** Every layer that one of them adapts, once. */
export function targetsOf(parts: readonly Part[]): readonly LoraTarget[] {
  const targets = new Map<string, LoraTarget>();
  for (const { adapter } of parts) {
    for (const target of adapter.targets) if (!targets.has(target.path)) targets.set(target.path, target);
  }
  return [...targets.values()];
}

/** What each of them does to a layer, for those that adapt it. */
export function updatesOf(parts: readonly Part[], path: string): readonly WeightedUpdate[] {
  return parts.flatMap(({ weight, adapter, values }) => {
    const target = adapter.targets.find((candidate) => candidate.path === path);
    if (target === undefined) return [];
    const [a, b] =
      target.kind === 'embedding' ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
    const { r, scaling } = target;
    return [{ factor: weight * scaling, r, A: values.get(`${path}.${a}`)!, B: values.get(`${path}.${b}`)! }];
  });
}
