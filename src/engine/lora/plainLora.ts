import type { Adapter, LoraOptions, LoraTarget, PatternValue } from './types';

/** An ordinary adapter for the untouched base model. */
export interface PlainLora {
  readonly tensors: Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  /** The options that describe it: twice the ranks, alphas so that every scaling stays, `initLoraWeights: true`. */
  readonly options: LoraOptions;
}

/**
 * What PiSSA or OLoRA learnt, as an ordinary adapter of twice the rank: the base they train on is W − s·B₀·A₀, so
 * that the change of W is s·(B·A − B₀·A₀) = s·[B, −B₀]·[A; A₀]. PEFT does the same where `save_pretrained` is given
 * `path_initial_model_for_weight_conversion`. This form is what is stored, because it loads everywhere on the
 * untouched base, with `init_lora_weights: true` in its configuration.
 * @param trained all trainables after training, by name
 * @param initial the same before training, as `initializeAdapter` gave them
 */
export function toPlainLora(
  adapter: Adapter,
  options: LoraOptions,
  trained: ReadonlyMap<string, Float32Array>,
  initial: ReadonlyMap<string, Float32Array>,
): PlainLora {
  const tensors: PlainLora['tensors'] = new Map();
  for (const { name, shape, role, target } of adapter.trainables) {
    const [now, before] = [trained.get(name)!, initial.get(name)!];
    if (role === 'lora_A' || role === 'lora_embedding_A') {
      tensors.set(name, { shape: [2 * shape[0]!, shape[1]!], data: stacked(now, before) });
    } else if (role === 'lora_B' || role === 'lora_embedding_B') {
      tensors.set(name, { shape: [shape[0]!, 2 * shape[1]!], data: besideNegated(target!, now, before) });
    } else {
      tensors.set(name, { shape, data: now });
    }
  }
  // The scaling is alpha / r, or with rsLoRA alpha / √r, and stays.
  const alphaFactor = options.useRslora ? Math.SQRT2 : 2;
  return {
    tensors,
    options: {
      ...options,
      r: 2 * options.r,
      loraAlpha: alphaFactor * options.loraAlpha,
      rankPattern: times(2, options.rankPattern),
      alphaPattern: times(alphaFactor, options.alphaPattern),
      initLoraWeights: true,
    },
  };
}

function stacked(now: Float32Array, before: Float32Array): Float32Array {
  const both = new Float32Array(now.length + before.length);
  both.set(now);
  both.set(before, now.length);
  return both;
}

function besideNegated({ r, outFeatures }: LoraTarget, now: Float32Array, before: Float32Array): Float32Array {
  const both = new Float32Array(2 * r * outFeatures);
  for (let out = 0; out < outFeatures; out++) {
    both.set(now.subarray(out * r, (out + 1) * r), 2 * out * r);
    for (let k = 0; k < r; k++) both[(2 * out + 1) * r + k] = -before[out * r + k]!;
  }
  return both;
}

function times(factor: number, patterns: readonly PatternValue[]): PatternValue[] {
  return patterns.map((pattern) => ({ ...pattern, value: factor * pattern.value }));
}
