import type { BaseModel } from '../facts/baseModel';
import { blockBytes } from '../formats/blocks';
import { parameterSize } from '../models/model';
import type { Model } from '../models/model';
import type { Device } from '../runtime/runtime';
import { layerMatrices, quantizedWeights } from './openWeights';
import type { Quantization } from './openWeights';

/** How much memory the frozen weights of a base model take, and which of them are widened only where they are used. */
export interface HeldWeights {
  readonly bytes: number;
  readonly packed: ReadonlySet<string>;
}

/** Matrices of so many blocks are wide in memory that the runtime holds for them, beside those that are in use. */
const spareBlocks = 6;

/**
 * Without quantization, matrices of a half-precision file keep their size on the processor. What else lies in such a file
 * is widened when a graph is compiled, and what it was widened from stays mapped.
 */
export function heldWeights(
  model: Model,
  isHalf: (name: string) => boolean,
  quantization: Quantization,
  device: Device,
): HeldWeights {
  const size = (name: string): number => parameterSize(model, name);
  const held = new Map<string, number>();
  if (device === 'cpu') {
    for (const name of layerMatrices(model)) {
      if (isHalf(name)) held.set(name, 2 * size(name));
    }
  }
  if (quantization !== 'none') {
    for (const name of quantizedWeights(model)) {
      const { codes, scales } = blockBytes(quantization, size(name));
      held.set(name, codes + scales);
    }
  }
  let bytes = 0;
  for (const name of model.parameters.keys()) bytes += held.get(name) ?? (isHalf(name) ? 2 + 4 : 4) * size(name);
  const widened = [...held.keys()].reduce((sum, name) => sum + 4 * size(name), 0);
  bytes += (spareBlocks * widened) / model.blocks;
  return { bytes, packed: new Set(held.keys()) };
}

/** Which weights of a base model's files are in half precision. */
export function halfWeights({ weights }: BaseModel): (name: string) => boolean {
  return (name) => ['F16', 'BF16'].includes(weights.get(name)?.dtype ?? '');
}
