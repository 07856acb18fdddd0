import type { GgufBlockType } from './types';

/**
 * What the quantized types of ggml have in common: whole numbers (codes) in groups, each group with a scale s and,
 * in some types, an offset o, all in single precision: value = s · code + o, rounded after each operation. So a tensor
 * can be kept with its codes, scales and offsets apart, and nothing of its values is lost.
 * Layouts: ggml's `ggml-common.h`; order of operations: `dequantize_row_*` in `ggml-quants.c`.
 */
export interface BlockLayout {
  /** Numbers of a group, which share a scale. */
  readonly group: 16 | 32;
  /** Whether there are offsets. */
  readonly hasOffsets: boolean;
  /** Smallest and largest code. */
  readonly codes: readonly [number, number];
  /** Takes one block apart. */
  readonly split: (block: Uint8Array, into: SplitBlock) => void;
}

/** One block, taken apart: views on where its codes, scales and offsets are to be written. */
export interface SplitBlock {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  readonly offsets: Float32Array;
}

const { fround } = Math;

/** The half-precision number at `at`. */
function half(block: Uint8Array, at: number): number {
  const bits = block[at]! | (block[at + 1]! << 8);
  const fraction = bits & 0x3ff;
  const exponent = (bits >> 10) & 0x1f;
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Sixteen bytes of two codes each: the lower halves come first. */
function nibbles(block: Uint8Array, at: number, codes: Int8Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) {
    codes[to + i] = block[at + i]! & 15;
    codes[to + count + i] = block[at + i]! >> 4;
  }
}

/** The fifth bits of 32 codes, in four bytes. */
function addFifthBits(block: Uint8Array, at: number, codes: Int8Array): void {
  for (let i = 0; i < 32; i++) codes[i]! |= ((block[at + (i >> 3)]! >> (i & 7)) & 1) << 4;
}

function subtract(codes: Int8Array, value: number): void {
  for (let i = 0; i < codes.length; i++) codes[i]! -= value;
}

/** Scales and minima with 6 bits each of the eight groups of Q4_K and Q5_K, in 12 bytes. */
function sixBitPairs(block: Uint8Array, at: number, { scales, offsets }: SplitBlock): void {
  const [d, dmin] = [half(block, 0), half(block, 2)];
  for (let i = 0; i < 8; i++) {
    const j = i & 3;
    const [low, middle, high] = [block[at + j]!, block[at + 4 + j]!, block[at + 8 + j]!];
    const scale = i < 4 ? low & 63 : (high & 15) | ((low >> 2) & 48);
    const minimum = i < 4 ? middle & 63 : (high >> 4) | ((middle >> 2) & 48);
    scales[i] = fround(d * scale);
    offsets[i] = -fround(dmin * minimum);
  }
}

export const blockLayouts: Readonly<Record<GgufBlockType, BlockLayout>> = {
  Q4_0: {
    group: 32,
    hasOffsets: false,
    codes: [-8, 7],
    split: (block, { codes, scales }) => {
      scales[0] = half(block, 0);
      nibbles(block, 2, codes, 0, 16);
      subtract(codes, 8);
    },
  },
  Q4_1: {
    group: 32,
    hasOffsets: true,
    codes: [0, 15],
    split: (block, { codes, scales, offsets }) => {
      scales[0] = half(block, 0);
      offsets[0] = half(block, 2);
      nibbles(block, 4, codes, 0, 16);
    },
  },
  Q5_0: {
    group: 32,
    hasOffsets: false,
    codes: [-16, 15],
    split: (block, { codes, scales }) => {
      scales[0] = half(block, 0);
      nibbles(block, 6, codes, 0, 16);
      addFifthBits(block, 2, codes);
      subtract(codes, 16);
    },
  },
  Q5_1: {
    group: 32,
    hasOffsets: true,
    codes: [0, 31],
    split: (block, { codes, scales, offsets }) => {
      scales[0] = half(block, 0);
      offsets[0] = half(block, 2);
      nibbles(block, 8, codes, 0, 16);
      addFifthBits(block, 4, codes);
    },
  },
  Q8_0: {
    group: 32,
    hasOffsets: false,
    codes: [-128, 127],
    split: (block, { codes, scales }) => {
      scales[0] = half(block, 0);
      codes.set(block.subarray(2, 34));
    },
  },
  Q2_K: {
    group: 16,
    hasOffsets: true,
    codes: [0, 3],
    split: (block, { codes, scales, offsets }) => {
      const [d, dmin] = [half(block, 80), half(block, 82)];
      for (let i = 0; i < 16; i++) {
        scales[i] = fround(d * (block[i]! & 15));
        offsets[i] = -fround(dmin * (block[i]! >> 4));
      }
      for (let i = 0; i < 256; i++) codes[i] = twoBits(block, 16, i);
    },
  },
  Q3_K: {
    group: 16,
    hasOffsets: false,
    codes: [-4, 3],
    split: (block, { codes, scales }) => {
      const d = half(block, 108);
      for (let i = 0; i < 16; i++) {
        const low = (block[96 + (i & 7)]! >> (4 * (i >> 3))) & 15;
        const high = (block[104 + (i & 3)]! >> (2 * (i >> 2))) & 3;
        scales[i] = fround(d * ((low | (high << 4)) - 32));
      }
      for (let i = 0; i < 256; i++) {
        // A bit that is set takes nothing away.
        const isFull = ((block[i & 31]! >> (i >> 5)) & 1) === 1;
        codes[i] = twoBits(block, 32, i) - (isFull ? 0 : 4);
      }
    },
  },
  Q4_K: {
    group: 32,
    hasOffsets: true,
    codes: [0, 15],
    split: (block, into) => {
      sixBitPairs(block, 4, into);
      for (let i = 0; i < 4; i++) nibbles(block, 16 + 32 * i, into.codes, 64 * i, 32);
    },
  },
  Q5_K: {
    group: 32,
    hasOffsets: true,
    codes: [0, 31],
    split: (block, into) => {
      const { codes } = into;
      sixBitPairs(block, 4, into);
      for (let i = 0; i < 4; i++) nibbles(block, 48 + 32 * i, codes, 64 * i, 32);
      for (let i = 0; i < 256; i++) codes[i]! |= ((block[16 + (i & 31)]! >> (i >> 5)) & 1) << 4;
    },
  },
  Q6_K: {
    group: 16,
    hasOffsets: false,
    codes: [-32, 31],
    split: (block, { codes, scales }) => {
      const d = half(block, 208);
      for (let i = 0; i < 16; i++) scales[i] = fround(d * ((block[192 + i]! << 24) >> 24));
      for (let i = 0; i < 2; i++) nibbles(block, 64 * i, codes, 128 * i, 64);
      for (let i = 0; i < 256; i++) codes[i]! |= twoBits(block, 128, i) << 4;
      subtract(codes, 32);
    },
  },
};

/** The two bits of number `i`: 32 bytes hold those of 128 numbers, number 32 · k + j in bits 2k and 2k + 1 of byte j. */
function twoBits(block: Uint8Array, at: number, i: number): number {
  return (block[at + 32 * (i >> 7) + (i & 31)]! >> (2 * ((i >> 5) & 3))) & 3;
}
