import type { Adapter, LoraTarget, Trainable } from './types';

/** An adapter with the values of its tensors by the names of its trainables, the weight that it counts with included. */
export interface AdapterValues {
  readonly adapter: Adapter;
  readonly values: ReadonlyMap<string, Float32Array>;
}

/**
 * Several adapters as one that changes the model by the sum of what each does. For LoRA this is exact whatever their ranks,
 * strengths and layers: Σ sᵢ·Bᵢ·Aᵢ = [s₁·B₁, s₂·B₂, …]·[A₁; A₂; …] (PEFT's combination `cat`). Weights of the model that an
 * adapter replaces (modules trained in full, biases) have no such sum: each may be replaced by one of them, and not be
 * adapted by another.
 * @returns the one adapter, or the name of a weight that two of them want to be something else
 */
export function concatenated(adapters: readonly AdapterValues[]): AdapterValues | { readonly contested: string } {
  const [only] = adapters;
  if (only !== undefined && adapters.length === 1) return only;
  const contested = contestedWeight(adapters.map(({ adapter }) => adapter));
  if (contested !== undefined) return { contested };
  const values = new Map<string, Float32Array>();
  const targets: LoraTarget[] = [];
  const trainables: Trainable[] = [];
  for (const path of new Set(adapters.flatMap(({ adapter }) => adapter.targets.map((target) => target.path)))) {
    const parts = adapters.flatMap(({ adapter, values: own }) => partsOf(adapter, own, path));
    const { target, tensors } = joined(parts);
    targets.push(target);
    for (const { trainable, data } of tensors) {
      trainables.push(trainable);
      values.set(trainable.name, data);
    }
  }
  for (const { adapter, values: own } of adapters) {
    for (const trainable of adapter.trainables) {
      if (trainable.baseWeight === undefined) continue;
      trainables.push(trainable);
      values.set(trainable.name, own.get(trainable.name)!);
    }
  }
  const every = <T>(pick: (adapter: Adapter) => readonly T[]): T[] => adapters.flatMap(({ adapter }) => pick(adapter));
  return {
    adapter: {
      method: 'lora',
      targets,
      matches: every(({ matches }) => matches),
      unused: [],
      modulesToSave: every(({ modulesToSave }) => modulesToSave),
      trainableBiases: every(({ trainableBiases }) => trainableBiases),
      dropout: 0,
      initLoraWeights: true,
      trainables,
    },
    values,
  };
}

/** A weight that one adapter replaces and another one replaces or adapts as well. */
function contestedWeight(adapters: readonly Adapter[]): string | undefined {
  const replaced = (adapter: Adapter): string[] =>
    adapter.trainables.flatMap(({ name, baseWeight }) => (baseWeight === undefined ? [] : [name]));
  for (const [i, adapter] of adapters.entries()) {
    const others = adapters.filter((_, k) => k !== i);
    const taken = new Set([
      ...others.flatMap(replaced),
      ...others.flatMap(({ targets }) => targets.map(({ path }) => `${path}.weight`)),
    ]);
    const contested = replaced(adapter).find((name) => taken.has(name));
    if (contested !== undefined) return contested;
  }
  return undefined;
}

interface Part {
  readonly target: LoraTarget;
  readonly a: Trainable;
  readonly b: Trainable;
  readonly A: Float32Array;
  readonly B: Float32Array;
}

function partsOf(adapter: Adapter, values: ReadonlyMap<string, Float32Array>, path: string): Part[] {
  const target = adapter.targets.find((candidate) => candidate.path === path);
  if (target === undefined) return [];
  const own = adapter.trainables.filter((trainable) => trainable.target === target);
  const a = own.find(({ role }) => role === 'lora_A' || role === 'lora_embedding_A')!;
  const b = own.find(({ role }) => role === 'lora_B' || role === 'lora_embedding_B')!;
  return [{ target, a, b, A: values.get(a.name)!, B: values.get(b.name)! }];
}

/** A of all below each other, s·B of all beside each other. */
function joined(parts: readonly Part[]): {
  target: LoraTarget;
  tensors: readonly { readonly trainable: Trainable; readonly data: Float32Array }[];
} {
  const first = parts[0]!;
  const { inFeatures, outFeatures } = first.target;
  const r = parts.reduce((sum, { target }) => sum + target.r, 0);
  const target: LoraTarget = { ...first.target, r, alpha: r, scaling: 1 };
  const A = new Float32Array(r * inFeatures);
  const B = new Float32Array(outFeatures * r);
  let done = 0;
  for (const part of parts) {
    A.set(part.A, done * inFeatures);
    const { r: own, scaling } = part.target;
    for (let out = 0; out < outFeatures; out++) {
      for (let k = 0; k < own; k++) B[out * r + done + k] = scaling * part.B[out * own + k]!;
    }
    done += own;
  }
  return {
    target,
    tensors: [
      { trainable: { ...first.a, shape: [r, inFeatures], target }, data: A },
      { trainable: { ...first.b, shape: [outFeatures, r], target }, data: B },
    ],
  };
}
