/**
 * Numbers in blocks: each number is a code of a few bits, and each block of consecutive numbers (row after row) has a
 * scale in single precision, its largest magnitude among the codes' largest.
 *
 * - `int8`: whole numbers from −127 to 127.
 * - `int4`: whole numbers from −7 to 7; two in a byte, the first in the lower half.
 * - `nf4`: the 16 values of QLoRA's NormalFloat (arXiv 2305.14314); two in a byte, the first in the upper half, as
 *   bitsandbytes lays them out.
 */
export const blockFormats = ['int8', 'int4', 'nf4'] as const;
export type BlockFormat = (typeof blockFormats)[number];

/** Numbers of a block. */
export const blockSize = 64;

export interface Blocks {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
}

const bitsOf: Readonly<Record<BlockFormat, number>> = { int8: 8, int4: 4, nf4: 4 };
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

/** Bytes of codes and of scales for so many numbers. */
export function blockBytes(format: BlockFormat, count: number): { readonly codes: number; readonly scales: number } {
  return { codes: (count * bitsOf[format]) / 8, scales: (4 * count) / blockSize };
}

/** Whether so many numbers fill their blocks. */
export function fillsBlocks(count: number): boolean {
  return count > 0 && count % blockSize === 0;
}

/** Rounds each number to the nearest value of its block. A block of zeros stays one. */
export function encodeBlocks(format: BlockFormat, values: Float32Array): Blocks {
  if (!fillsBlocks(values.length)) throw new Error(`${values.length} numbers do not fill blocks of ${blockSize}`);
  const { codes: bytes } = blockBytes(format, values.length);
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

export function decodeBlocks(format: BlockFormat, { codes, scales }: Blocks): Float32Array {
  const values = new Float32Array(scales.length * blockSize);
  const get = getters[format];
  for (let i = 0; i < values.length; i++) values[i] = get(codes, i) * scales[Math.floor(i / blockSize)]!;
  return values;
}

const putters: Readonly<Record<BlockFormat, (codes: Uint8Array, i: number, scaled: number) => void>> = {
  int8: (codes, i, scaled) => {
    codes[i] = roundHalfEven(scaled, 127);
  },
  int4: (codes, i, scaled) => {
    codes[i >> 1]! |= (roundHalfEven(scaled, 7) & 15) << (4 * (i & 1));
  },
  nf4: (codes, i, scaled) => {
    codes[i >> 1]! |= nearestNf4(scaled) << (4 * (1 - (i & 1)));
  },
};

const getters: Readonly<Record<BlockFormat, (codes: Uint8Array, i: number) => number>> = {
  int8: (codes, i) => (codes[i]! << 24) >> 24,
  int4: (codes, i) => ((codes[i >> 1]! >> (4 * (i & 1))) << 28) >> 28,
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
