/**
 * Random numbers by counting instead of by state: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", 2011). Block n of a stream is a bijection of the number n under the stream's key, so
 * a stream depends on its seed and keys alone, and a resumed run needs no saved generator.
 */

/** Numbers that depend on the seed, the keys and how many were drawn before: on nothing else. */
export interface RandomStream {
  /** 0 … 2³² − 1 */
  uint32(): number;
  /** In [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal (Box and Muller). */
  normal(): number;
}

type Key = readonly [low: number, high: number];
type Block = readonly [number, number, number, number];

/**
 * A stream of its own for every seed and list of keys, such as `randomStream(seed, 'dropout', step, layer)`.
 * Numbers are whole numbers of at most 53 bits; a number and the string that spells it are different keys.
 */
export function randomStream(seed: number, ...keys: readonly (number | string)[]): RandomStream {
  const key = keys.reduce<Key>(foldIn, foldIn([0, 0], seed));
  let counter = 0;
  const block = new Uint32Array(4);
  let used = 4;

  function uint32(): number {
    if (used === 4) {
      philoxInto(block, [low(counter), high(counter), 0, 0], key);
      counter++;
      used = 0;
    }
    return block[used++]!;
  }
  function uniform(): number {
    const upper = uint32() >>> 5;
    const lower = uint32() >>> 6;
    return (upper * 2 ** 26 + lower) / 2 ** 53;
  }
  let spare: number | undefined;
  function normal(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // 1 − u is in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
  return { uint32, uniform, normal };
}

/** The numbers 0 … length − 1 in random order (Fisher and Yates), every order equally likely. */
export function permutation(length: number, random: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = below(last + 1, random);
    const value = order[last]!;
    order[last] = order[other]!;
    order[other] = value;
  }
  return order;
}

/** A number in 0 … bound − 1, without the bias of a plain remainder. */
function below(bound: number, random: RandomStream): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const value = random.uint32();
    if (value < limit) return value % bound;
  }
}

/** A new key for `part` under `key`. The last counter word keeps keys apart from the blocks of a stream. */
function foldIn(key: Key, part: number | string): Key {
  if (typeof part === 'number') {
    const [first, second] = philox([low(part), high(part), 0, 1], key);
    return [first, second];
  }
  const bytes = new TextEncoder().encode(part);
  let folded = key;
  for (let start = 0; start <= bytes.length; start += 8) {
    const words = [0, 0];
    for (let index = start; index < Math.min(start + 8, bytes.length); index++) {
      const word = (index - start) >> 2;
      words[word] = (words[word]! | (bytes[index]! << (8 * (index & 3)))) >>> 0;
    }
    const [first, second] = philox([words[0]!, words[1]!, bytes.length, 2], folded);
    folded = [first, second];
  }
  return folded;
}

/** Ten rounds of Philox4x32; constants of the paper. */
export function philox(counter: Block, key: Key): Block {
  const words = new Uint32Array(4);
  philoxInto(words, counter, key);
  return [words[0]!, words[1]!, words[2]!, words[3]!];
}

/** The same without an array per round: dropout draws millions of numbers a step. */
function philoxInto(out: Uint32Array, counter: Block, key: Key): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const first = (multiplyHigh(0xcd9e, 0x8d57, c2) ^ c1 ^ k0) >>> 0;
    const third = (multiplyHigh(0xd251, 0x1f53, c0) ^ c3 ^ k1) >>> 0;
    c1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c3 = Math.imul(0xd2511f53, c0) >>> 0;
    c0 = first;
    c2 = third;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of a 32 × 32 bit product, by halves, as a double holds only 53 bits. */
function multiplyHigh(leftHigh: number, leftLow: number, right: number): number {
  const rightLow = right & 0xffff;
  const rightHigh = right >>> 16;
  const middle = leftHigh * rightLow + ((leftLow * rightLow) >>> 16);
  const cross = leftLow * rightHigh + (middle & 0xffff);
  return (leftHigh * rightHigh + (middle >>> 16) + (cross >>> 16)) >>> 0;
}

function low(value: number): number {
  return value >>> 0;
}

/** The bits above the lowest 32, also of a negative number. */
function high(value: number): number {
  return Math.floor(value / 2 ** 32) >>> 0;
}
