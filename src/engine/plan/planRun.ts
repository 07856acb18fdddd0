import type { ResolvedRecipe } from '../../recipe/recipe.generated';
import type { Plan } from '../../run/plan';
import { describeTargets } from '../lora/adapter';
import type { Adapter } from '../lora/adapter';
import { countParameters } from '../models/model';
import type { Model } from '../models/model';

/** What the plan says about the data. */
export type DataFacts = Plan['data'];

/** Peak memory of the values that a training step computes, in bytes, for the adapter and for all weights. */
export interface ActivationBytes {
  readonly lora: number;
  readonly full: number;
}

/** Memory of the base model's weights: in the process, and what of it lies on a graphics card. */
export interface FrozenBytes {
  readonly bytes: number;
  readonly deviceBytes: number;
}

/**
 * What a process takes besides weights and activations, in bytes: the runtime with the code, each entry of the
 * tokenizer's vocabulary, and the share of activations that is lost between them. Measured on models of 15 and 135 million
 * parameters (`npm run measure:memory`), and meant to be rather too high than too low.
 */
const overhead = { process: 175e6, vocabularyEntry: 1500, fragmentation: 1.15 };

/**
 * Bytes of a number that is trained, all in single precision: its value, its value at the start (the proof needs it), two
 * moments, and its gradient twice: that of the last step is still there when the next one comes.
 */
const trainedBytes = 4 * 6;

/**
 * What will be trained and what it costs, from facts alone. `frozen` says how much memory the base model's weights take.
 */
export function planRun(
  recipe: ResolvedRecipe,
  model: Model,
  adapter: Adapter,
  data: DataFacts,
  activations: ActivationBytes,
  compute: Plan['compute'],
  frozen: FrozenBytes = { bytes: 4 * countParameters(model), deviceBytes: 4 * countParameters(model) },
): Plan {
  const baseParams = countParameters(model);
  const planned = planAdapted(model, adapter);
  const { trainable_params: trainable } = planned.adapter;
  return {
    name: recipe.name,
    base_model: recipe.base_model,
    family: model.modelType,
    method: recipe.method,
    ...planned,
    memory: {
      lora_bytes: memoryBytes(model, frozen.bytes, trainable, activations.lora),
      full_bytes: memoryBytes(model, 0, baseParams, activations.full),
      device_bytes:
        compute.device === 'cpu'
          ? null
          : recipe.method === 'full'
            ? deviceBytes(0, baseParams, activations.full)
            : deviceBytes(frozen.deviceBytes, trainable, activations.lora),
    },
    data,
    compute,
    warnings: model.notes,
  };
}

/** Memory of a training process: bytes of frozen weights, how many numbers are trained, bytes of activations. */
export function memoryBytes(model: Model, frozen: number, trainable: number, activations: number): number {
  const process = overhead.process + overhead.vocabularyEntry * model.vocabSize;
  return Math.round(process + frozen + trainedBytes * trainable + overhead.fragmentation * activations);
}

/** The same of what lies on a graphics card: optimizer and tokenizer do not, and of what is trained values and gradients do. */
function deviceBytes(frozen: number, trainable: number, activations: number): number {
  return Math.round(frozen + 4 * 2 * trainable + overhead.fragmentation * activations);
}

/** What an adapter adds to a model: known without data and without a machine. */
export function planAdapted(model: Model, adapter: Adapter): Pick<Plan, 'adapter' | 'targets' | 'full'> {
  const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
  const baseParams = countParameters(model);
  const trainable = adapter.trainables.reduce((sum, { shape }) => sum + count(shape), 0);
  // Biases are the base model's own; a saved module is trained as a copy, which PEFT counts beside the original.
  const added = adapter.trainables
    .filter(({ role }) => role !== 'bias' && role !== 'full')
    .reduce((sum, { shape }) => sum + count(shape), 0);
  const all = baseParams + added;
  return {
    adapter: {
      trainable_params: trainable,
      all_params: all,
      trainable_percent: (100 * trainable) / all,
      file_bytes: 4 * trainable,
      modules: describeTargets(adapter),
    },
    targets: adapter.matches.map(({ entry, count: matches }) => ({ entry, matches })),
    full: { trainable_params: baseParams },
  };
}
