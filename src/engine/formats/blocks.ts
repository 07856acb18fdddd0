/**
 * Numbers in blocks: each number is a code of a few bits, and each block of consecutive numbers (row after row) has a
 * scale in single precision, its largest magnitude among the codes' largest.
 *
 * - `int8`: whole numbers from −127 to 127 (from a GGUF file also −128), of which 128 more are written.
 * - `int4`: whole numbers from −7 to 7, of which 8 more are written; two in a byte, the first in the lower half.
 * - `nf4`: the 16 values of QLoRA's NormalFloat (arXiv 2305.14314); two in a byte, the first in the upper half, as
 *   bitsandbytes lays them out.
 */
export const blockFormats = ['int8', 'int4', 'nf4'] as const;
export type BlockFormat = (typeof blockFormats)[number];

/** Numbers of a block where a recipe asks for blocks. */
export const blockSize = 64;

/**
 * How a weight can be held: as a recipe asks for it, or as a GGUF file's numbers need it. `uint4` are whole numbers from 0
 * to 15, two in a byte, the first in the lower half.
 */
export type HeldFormat = BlockFormat | 'uint4';

/** The form of a weight in blocks. */
export interface BlockForm {
  readonly format: HeldFormat;
  /** Numbers of a block. */
  readonly size: number;
  /** Whether each block has a number that is added to all of its products. */
  readonly hasOffsets: boolean;
}

export interface Blocks {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly offsets?: Float32Array;
}

const bitsOf: Readonly<Record<HeldFormat, number>> = { int8: 8, int4: 4, nf4: 4, uint4: 4 };
const largestOf: Readonly<Record<BlockFormat, number>> = { int8: 127, int4: 7, nf4: 1 };

/**
 * The values of NormalFloat with 4 bits, in order: quantiles of the normal distribution, scaled to [−1, 1], with an
 * exact zero. As numbers in single precision.
 */
export const nf4Values: Float32Array = Float32Array.of(
  -1.0,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0.0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1.0,
);

/** The form that a recipe asks for. */
export function blockForm(format: BlockFormat): BlockForm {
  return { format, size: blockSize, hasOffsets: false };
}

/** Bytes of codes, of scales and of offsets for so many numbers. */
export function blockBytes(
  { format, size, hasOffsets }: BlockForm,
  count: number,
): { readonly codes: number; readonly scales: number; readonly offsets: number } {
  const scales = (4 * count) / size;
  return { codes: (count * bitsOf[format]) / 8, scales, offsets: hasOffsets ? scales : 0 };
}

/** Whether so many numbers fill their blocks. */
export function fillsBlocks(count: number): boolean {
  return count > 0 && count % blockSize === 0;
}

/** Rounds each number to the nearest value of its block. A block of zeros stays one. */
export function encodeBlocks(format: BlockFormat, values: Float32Array): Blocks {
  if (!fillsBlocks(values.length)) throw new Error(`${values.length} numbers do not fill blocks of ${blockSize}`);
  const { codes: bytes } = blockBytes(blockForm(format), values.length);
  const codes = new Uint8Array(bytes);
  const scales = new Float32Array(values.length / blockSize);
  const put = putters[format];
  for (let block = 0; block < scales.length; block++) {
    const [from, to] = [block * blockSize, (block + 1) * blockSize];
    let largest = 0;
    for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(values[i]!));
    const scale = Math.fround(largest / largestOf[format]);
    scales[block] = scale;
    for (let i = from; i < to; i++) put(codes, i, scale === 0 ? 0 : values[i]! / scale);
  }
  return { codes, scales };
}

/** Code times scale, and the offset added: each rounded to single precision, as ONNX Runtime and ggml do. */
export function decodeBlocks({ format, size }: BlockForm, { codes, scales, offsets }: Blocks): Float32Array {
  const values = new Float32Array(scales.length * size);
  const get = getters[format];
  for (let block = 0; block < scales.length; block++) {
    const [scale, offset] = [scales[block]!, offsets?.[block]];
    for (let i = block * size; i < (block + 1) * size; i++) {
      const product = Math.fround(get(codes, i) * scale);
      values[i] = offset === undefined ? product : product + offset;
    }
  }
  return values;
}

/** What is added to whole numbers, so that runtimes may read them as numbers from 0 on. */
export const zeroOf = { int8: 128, int4: 8, uint4: 0 } as const satisfies Record<Exclude<HeldFormat, 'nf4'>, number>;

/** Whole numbers as the codes of a format that has room for them. */
export function packCodes(format: Exclude<HeldFormat, 'nf4'>, codes: Int8Array): Uint8Array {
  const zero = zeroOf[format];
  if (format === 'int8') return Uint8Array.from(codes, (code) => code + zero);
  const packed = new Uint8Array(codes.length / 2);
  for (let i = 0; i < packed.length; i++) packed[i] = (codes[2 * i]! + zero) | ((codes[2 * i + 1]! + zero) << 4);
  return packed;
}

const putters: Readonly<Record<BlockFormat, (codes: Uint8Array, i: number, scaled: number) => void>> = {
  int8: (codes, i, scaled) => {
    codes[i] = roundHalfEven(scaled, 127) + zeroOf.int8;
  },
  int4: (codes, i, scaled) => {
    codes[i >> 1]! |= (roundHalfEven(scaled, 7) + zeroOf.int4) << (4 * (i & 1));
  },
  nf4: (codes, i, scaled) => {
    codes[i >> 1]! |= nearestNf4(scaled) << (4 * (1 - (i & 1)));
  },
};

const getters: Readonly<Record<HeldFormat, (codes: Uint8Array, i: number) => number>> = {
  int8: (codes, i) => codes[i]! - zeroOf.int8,
  int4: (codes, i) => ((codes[i >> 1]! >> (4 * (i & 1))) & 15) - zeroOf.int4,
  uint4: (codes, i) => (codes[i >> 1]! >> (4 * (i & 1))) & 15,
  nf4: (codes, i) => nf4Values[(codes[i >> 1]! >> (4 * (1 - (i & 1)))) & 15]!,
};

/** To a whole number, of two equally near ones to the even one; the scale's own rounding may lead beyond the limit. */
function roundHalfEven(x: number, limit: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return Math.min(limit, Math.max(-limit, rounded));
}

/** Halfway between neighbours; what lies on a border belongs to the lower one, as in bitsandbytes. */
const nf4Borders = Float32Array.from({ length: 15 }, (_, i) => (nf4Values[i]! + nf4Values[i + 1]!) / 2);

function nearestNf4(x: number): number {
  let [low, high] = [0, 15];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x > nf4Borders[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}
