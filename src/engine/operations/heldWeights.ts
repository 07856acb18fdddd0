import type { BaseModel } from '../facts/baseModel';
import { blockBytes, blockForm } from '../formats/blocks';
import { isHeldInHalf } from '../graph/halfPrecision';
import type { BlockForm } from '../formats/blocks';
import { heldForm } from '../formats/gguf/heldBlocks';
import { isGgufWeight } from '../formats/weightEntry';
import { parameterSize } from '../models/model';
import type { Model } from '../models/model';
import type { Device, Precision } from '../runtime/runtime';
import { layerMatrices, quantizedWeights } from './openWeights';
import type { Quantization } from './openWeights';
import { keepsBlocks } from './weightFile';

/** How much memory the frozen weights of a base model take, and which of them are widened only where they are used. */
export interface HeldWeights {
  /** In the memory of the process. */
  readonly bytes: number;
  /** The same in a graphics card's memory: without what stays mapped of a file. */
  readonly deviceBytes: number;
  readonly packed: ReadonlySet<string>;
}

/** Single or half precision, or blocks that keep their form. */
export type StoredForm = 'single' | 'half' | BlockForm;

/** Matrices of so many blocks are wide in memory that the runtime holds for them, beside those that are in use. */
const spareBlocks = 6;

export interface HoldingOptions {
  readonly precision?: Precision;
  /** Whether matrices that a GGUF file has in blocks stay in them: on the processor, and on devices that compute with them. */
  readonly keepsBlocks?: boolean;
}

/**
 * Without quantization, matrices of a half-precision file keep their size on the processor, those of a GGUF file their
 * blocks. What else lies in a half-precision file is widened when a graph is compiled, and what it was widened from stays
 * mapped. In half precision every other matrix is, wherever it came from.
 */
export function heldWeights(
  model: Model,
  stored: (name: string) => StoredForm,
  quantization: Quantization,
  device: Device,
  { precision = 'fp32', keepsBlocks = device === 'cpu' }: HoldingOptions = {},
): HeldWeights {
  const size = (name: string): number => parameterSize(model, name);
  const inBlocks = (name: string, form: BlockForm): number => {
    const { codes, scales, offsets } = blockBytes(form, size(name));
    return codes + scales + offsets;
  };
  const held = new Map<string, number>();
  for (const name of layerMatrices(model)) {
    const form = stored(name);
    if (form === 'half' && device === 'cpu') held.set(name, 2 * size(name));
    else if (typeof form === 'object' && keepsBlocks) held.set(name, inBlocks(name, form));
  }
  if (quantization !== 'none') {
    for (const name of quantizedWeights(model)) held.set(name, inBlocks(name, blockForm(quantization)));
  }
  let [bytes, deviceBytes] = [0, 0];
  for (const [name, shape] of model.parameters) {
    const isHalf = precision !== 'fp32' && isHeldInHalf(shape);
    const own = held.get(name) ?? (isHalf ? 2 : 4) * size(name);
    // What lies in half precision in a file stays mapped beside what it is widened to.
    bytes += own + (!held.has(name) && precision === 'fp32' && stored(name) === 'half' ? 2 * size(name) : 0);
    deviceBytes += own;
  }
  const widened = [...held.keys()].reduce((sum, name) => sum + 4 * size(name), 0);
  const inUse = (spareBlocks * widened) / model.blocks;
  return { bytes: bytes + inUse, deviceBytes: deviceBytes + inUse, packed: new Set(held.keys()) };
}

/** In what the weights of a base model's files are stored. */
export function storedForms({ weights }: BaseModel): (name: string) => StoredForm {
  return (name) => {
    const entry = weights.get(name);
    if (entry === undefined) return 'single';
    if (keepsBlocks(entry)) return heldForm(entry.dtype);
    const isTransposed = isGgufWeight(entry) && entry.layout === 'transposed';
    return !isTransposed && ['F16', 'BF16'].includes(entry.dtype) ? 'half' : 'single';
  };
}
