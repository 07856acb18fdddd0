import type { Adapter, LoraTarget, Trainable } from './types';

/** An adapter with its values by the names of its trainables, and how strongly it counts. */
export interface WeightedAdapterValues {
  readonly adapter: Adapter;
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly weight: number;
}

/**
 * One adapter that changes the model by the weighted sum of what some adapters do, exactly: with B = [w₁s₁B₁, w₂s₂B₂, …]
 * and A = [A₁; A₂; …] their ranks lie beside each other, as in PEFT's combination type `cat`. Scalings, also those of
 * rsLoRA and of patterns, become part of B. Only for adapters that are nothing but low-rank updates (`canBeStacked`).
 */
export function combineAdapters(parts: readonly WeightedAdapterValues[]): {
  readonly adapter: Adapter;
  readonly values: ReadonlyMap<string, Float32Array>;
} {
  const byPath = new Map<string, { readonly target: LoraTarget; readonly part: WeightedAdapterValues }[]>();
  for (const part of parts) {
    for (const target of part.adapter.targets) {
      byPath.set(target.path, [...(byPath.get(target.path) ?? []), { target, part }]);
    }
  }
  const targets: LoraTarget[] = [];
  const trainables: Trainable[] = [];
  const values = new Map<string, Float32Array>();
  for (const [path, found] of byPath) {
    const first = found[0]!.target;
    const r = found.reduce((sum, { target }) => sum + target.r, 0);
    const target: LoraTarget = { ...first, r, alpha: r, scaling: 1 };
    const isEmbedding = first.kind === 'embedding';
    const [nameA, nameB] = isEmbedding
      ? [`${path}.lora_embedding_A`, `${path}.lora_embedding_B`]
      : [`${path}.lora_A.weight`, `${path}.lora_B.weight`];
    const { inFeatures, outFeatures } = first;
    const [a, b] = [new Float32Array(r * inFeatures), new Float32Array(outFeatures * r)];
    let start = 0;
    for (const { target: own, part } of found) {
      a.set(part.values.get(nameA)!, start * inFeatures);
      const B = part.values.get(nameB)!;
      const factor = part.weight * own.scaling;
      for (let out = 0; out < outFeatures; out++) {
        for (let k = 0; k < own.r; k++) b[out * r + start + k] = factor * B[out * own.r + k]!;
      }
      start += own.r;
    }
    targets.push(target);
    values.set(nameA, a).set(nameB, b);
    const [roleA, roleB] = isEmbedding
      ? (['lora_embedding_A', 'lora_embedding_B'] as const)
      : (['lora_A', 'lora_B'] as const);
    trainables.push({ name: nameA, shape: [r, inFeatures], role: roleA, target });
    trainables.push({ name: nameB, shape: [outFeatures, r], role: roleB, target });
  }
  return { adapter: { ...parts[0]!.adapter, targets, trainables, matches: [], unused: [] }, values };
}
