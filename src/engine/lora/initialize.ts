import type { RandomStream } from '../../random/randomStream';
import { randomStream } from '../../random/randomStream';
import type { Factors } from './decompose';
import { olora, pissa } from './decompose';
import { mergedDelta } from './merge';
import type { Adapter, InitLoraWeights, LoraTarget, Trainable } from './types';

export interface InitialAdapter {
  /** Starting values of all trainables, by name, in their order. */
  readonly tensors: Map<string, Float32Array>;
  /** Weights of the base model that PiSSA and OLoRA replace by W − s·B·A, by name, in the layout of the base weight. */
  readonly baseWeights: Map<string, Float32Array>;
}

/**
 * Starting values, each from the seed and the tensor's own name, whatever else is trained. They are distributed as
 * PEFT's: A uniform within ±1/√in (Kaiming, a = √5) or with `gaussian` normal with deviation 1/r, and B zero; of an
 * embedding A zero and B standard normal; with `false` nothing is zero.
 * @param weightOf reads a weight of the model by its name, row-major; what it gives is not changed
 */
export async function initializeAdapter(
  adapter: Adapter,
  seed: number,
  weightOf: (name: string) => Promise<Float32Array>,
): Promise<InitialAdapter> {
  const decompositions = new Map<LoraTarget, Factors>();
  const baseWeights = new Map<string, Float32Array>();
  for (const target of adapter.targets) {
    if (!isDecomposed(adapter.initLoraWeights, target)) continue;
    const name = `${target.path}.weight`;
    const weight = await weightOf(name);
    const factors = decomposed(target, weight, adapter.initLoraWeights, randomStream(seed, 'init', name));
    const delta = mergedDelta(target, factors.A, factors.B);
    decompositions.set(target, factors);
    baseWeights.set(
      name,
      weight.map((value, i) => value - delta[i]!),
    );
  }
  const tensors = new Map<string, Float32Array>();
  for (const trainable of adapter.trainables) {
    const { name, baseWeight, target, role } = trainable;
    const factors = target === undefined ? undefined : decompositions.get(target);
    if (baseWeight !== undefined) tensors.set(name, (await weightOf(baseWeight)).slice());
    else if (factors !== undefined) tensors.set(name, role === 'lora_A' ? factors.A : factors.B);
    else tensors.set(name, startingValues(trainable, adapter.initLoraWeights, randomStream(seed, 'init', name)));
  }
  return { tensors, baseWeights };
}

/** True where training starts from a changed base (PiSSA, OLoRA), so that what is stored is that of `toPlainLora`. */
export function changesBase(adapter: Adapter): boolean {
  return adapter.targets.some((target) => isDecomposed(adapter.initLoraWeights, target));
}

/** PEFT gives embeddings their usual start also with PiSSA and OLoRA. */
function isDecomposed(
  init: InitLoraWeights,
  target: LoraTarget,
): init is Exclude<InitLoraWeights, boolean | 'gaussian'> {
  return typeof init === 'string' && init !== 'gaussian' && target.kind !== 'embedding';
}

function decomposed(
  target: LoraTarget,
  weight: Float32Array,
  init: Exclude<InitLoraWeights, boolean | 'gaussian'>,
  random: RandomStream,
): Factors {
  if (init === 'olora') return olora(target, weight);
  return pissa(target, weight, init === 'pissa' ? undefined : Number(init.slice('pissa_niter_'.length)), random);
}

function startingValues({ shape, role, target }: Trainable, init: InitLoraWeights, random: RandomStream): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const drawn = (draw: () => number): Float32Array => Float32Array.from({ length: size }, draw);
  // As PyTorch's `Linear` starts: by the number of its inputs, which of B are A's outputs.
  const uniform = (): Float32Array => drawn(() => (2 * random.uniform() - 1) / Math.sqrt(shape[1]!));
  switch (role) {
    case 'lora_A':
      return init === 'gaussian' ? drawn(() => random.normal() / target!.r) : uniform();
    case 'lora_B':
      return init === false ? uniform() : new Float32Array(size);
    case 'lora_embedding_A':
      return init === false ? drawn(() => random.normal()) : new Float32Array(size);
    case 'lora_embedding_B':
      return drawn(() => random.normal());
    case 'saved':
    case 'bias':
    case 'full':
      throw new Error(`A ${role} tensor starts from a weight of the model`);
  }
}
