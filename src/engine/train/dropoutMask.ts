import { randomStream } from '../../random/randomStream';

/**
 * A mask of `size` elements that are 0 with the given probability (in steps of 2⁻¹⁶) and 1 otherwise, each on its own.
 * It depends on the keys alone, so that a resumed run draws the masks that the interrupted one would have drawn.
 *
 * Millions of elements are needed in every step, so the counter-based stream only seeds a faster generator:
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
 */
export function dropoutMask(
  size: number,
  probability: number,
  [seed, ...keys]: readonly [number, ...(number | string)[]],
): Uint8Array {
  const source = randomStream(seed, 'dropout', ...keys);
  let [a, b, c, d] = [source.uint32() | 1, source.uint32(), source.uint32(), source.uint32()];
  const threshold = Math.round(probability * 65536);
  const mask = new Uint8Array(size);
  for (let i = 0; i < size; i += 2) {
    const scrambled = Math.imul(b, 5);
    const word = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    mask[i] = (word & 0xffff) >= threshold ? 1 : 0;
    if (i + 1 < size) mask[i + 1] = word >>> 16 >= threshold ? 1 : 0;
  }
  return mask;
}
