import { packCodes } from '../blocks';
import type { BlockForm, Blocks } from '../blocks';
import { blockLayouts } from './blocks';
import { splitGguf } from './readGgufTensor';
import type { GgufBlockType } from './types';
import { readGgufBytes } from './weights';
import type { GgufWeight } from './weights';

/**
 * The form in which a type's numbers are held without any of them changing: codes in the fewest bits that a runtime
 * widens, and the scale (and offset) of each group as the number in single precision that ggml makes of it.
 */
export function heldForm(type: GgufBlockType): BlockForm & { readonly format: 'int8' | 'int4' | 'uint4' } {
  const { group, hasOffsets, codes } = blockLayouts[type];
  const [least, most] = codes;
  const format = least >= 0 && most <= 15 ? 'uint4' : least >= -8 && most <= 7 ? 'int4' : 'int8';
  return { format, size: group, hasOffsets };
}

/** A matrix as it is held, rows in the order of Hugging Face's. */
export function heldBlocks(weight: GgufWeight & { readonly dtype: GgufBlockType }): Blocks {
  const { codes, scales, offsets } = splitGguf(weight.dtype, readGgufBytes(weight));
  return {
    codes: packCodes(heldForm(weight.dtype).format, codes),
    scales,
    ...(offsets === undefined ? {} : { offsets }),
  };
}
