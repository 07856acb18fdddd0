import { recipeDefaults } from '../../recipe/recipe.generated';
import type { Fit } from '../../run/download';
import { machineMemory } from '../devices/machineMemory';
import { loraOptions } from '../facts/recipeOptions';
import { planAdapter } from '../lora/adapter';
import { countParameters } from '../models/model';
import type { Model } from '../models/model';
import { memoryBytes } from '../plan/planRun';
import { activationBytes } from './activationBytes';
import { heldWeights } from './heldWeights';

/** Shares of the machine's memory up to which a training should fit beside all else, and up to which it may. */
const roomy = 0.6;
const barely = 0.9;

/** Whether a model can be trained here with a recipe that changes nothing but the two paths. */
export interface MemoryNeed {
  readonly training_bytes: number;
  readonly machine_bytes: number;
  readonly fit: Fit;
}

/** By the same rules as `lora plan`, from the configuration and the size of the files: before any weights are there. */
export function memoryNeed(model: Model, fileBytes: number, machine = machineMemory()): MemoryNeed {
  const adapter = planAdapter(model, loraOptions(recipeDefaults.lora));
  const trainable = adapter.trainables.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  const form = fileBytes < 3 * countParameters(model) ? 'half' : 'single';
  const held = heldWeights(model, () => form, recipeDefaults.engine.quantization, 'cpu');
  const options = {
    batchSize: recipeDefaults.training.per_device_train_batch_size,
    maxLength: Math.min(512, model.contextLength),
    recomputation: 'cheap',
  } as const;
  const activations = activationBytes({ model }, adapter, options, undefined, (name) => held.packed.has(name));
  const bytes = memoryBytes(model, held.bytes, trainable, activations);
  return { training_bytes: bytes, machine_bytes: machine, fit: fitOf(bytes, machine) };
}

function fitOf(bytes: number, machine: number): Fit {
  if (bytes <= roomy * machine) return 'fits';
  return bytes <= barely * machine ? 'tight' : 'too large';
}
