import type { LoraTarget } from './adapter';

/** s·B·A in the layout of the base weight, which it is to be added to. */
export declare function mergedDelta(target: LoraTarget, A: Float32Array, B: Float32Array): Float32Array;
