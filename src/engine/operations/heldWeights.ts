import type { BaseModel } from '../facts/baseModel';
import { blockBytes } from '../formats/blocks';
import type { Device } from '../runtime/runtime';
import { layerMatrices, quantizedWeights } from './openWeights';
import type { Quantization } from './openWeights';

/** How much memory the frozen weights of a base model take, and which of them are widened only where they are used. */
export interface HeldWeights {
  readonly bytes: number;
  readonly packed: ReadonlySet<string>;
}

/** Matrices of so many blocks are wide in memory that the runtime holds for them, beside those that are in use. */
const spareBlocks = 4;

/**
 * Without quantization, matrices of a half-precision file keep their size on the processor. What else lies in such a file
 * is widened when a graph is compiled, and what it was widened from stays mapped.
 */
export function heldWeights(base: BaseModel, quantization: Quantization, device: Device): HeldWeights {
  const { model, weights } = base;
  const size = (name: string): number => model.parameters.get(name)!.reduce((product, dim) => product * dim, 1);
  const held = new Map<string, number>();
  if (device === 'cpu') {
    for (const name of layerMatrices(model)) {
      const dtype = weights.get(name)?.dtype;
      if (dtype === 'F16' || dtype === 'BF16') held.set(name, 2 * size(name));
    }
  }
  if (quantization !== 'none') {
    for (const name of quantizedWeights(model)) {
      const { codes, scales } = blockBytes(quantization, size(name));
      held.set(name, codes + scales);
    }
  }
  let bytes = 0;
  for (const name of model.parameters.keys())
    bytes += held.get(name) ?? wideBytes(weights.get(name)?.dtype) * size(name);
  const widened = [...held.keys()].reduce((sum, name) => sum + 4 * size(name), 0);
  bytes += (spareBlocks * widened) / model.blocks;
  return { bytes, packed: new Set(held.keys()) };
}

function wideBytes(dtype: string | undefined): number {
  return dtype === 'F16' || dtype === 'BF16' ? 2 + 4 : 4;
}
