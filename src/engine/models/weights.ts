import { headMissing, weightMissing, weightShapeDiffers } from './failures';
import type { Model } from './model';

interface Stored {
  readonly shape: readonly number[];
}

/**
 * Finds where each weight of the model lies among the tensors of its files: under its own name, under the name of a
 * weight that is tied to it, each with or without the prefix of the bare model.
 * Tensors that the model does not read, such as the causal masks in old GPT-2 files, are left alone.
 * Throws a Failure for a weight that is missing or has another shape.
 */
export function locateWeights<T extends Stored>(model: Model, tensors: ReadonlyMap<string, T>): Map<string, T> {
  const located = new Map<string, T>();
  for (const [name, shape] of model.parameters) {
    const tied = [...model.tied].filter(([, target]) => target === name).map(([alias]) => alias);
    const tensor = [name, ...tied]
      .flatMap((spelling) => [
        spelling,
        spelling.startsWith(model.basePrefix) ? spelling.slice(model.basePrefix.length) : spelling,
      ])
      .map((spelling) => tensors.get(spelling))
      .find((found) => found !== undefined);
    if (tensor === undefined) throw name === `${model.head}.weight` ? headMissing(name) : weightMissing(name);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      throw weightShapeDiffers(name, tensor.shape, shape);
    }
    located.set(name, tensor);
  }
  return located;
}
