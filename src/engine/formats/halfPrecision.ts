/**
 * IEEE 754 binary16 (F16) and bfloat16 (BF16) to and from binary32, bit by bit:
 * exact when widening; round to nearest, ties to even, when narrowing.
 */

let widened: Uint32Array | undefined;

/** The binary32 bits of all 65,536 halves. 256 KB, made on first use. */
function halfTable(): Uint32Array {
  if (widened !== undefined) return widened;
  const table = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) {
      table[half] = sign | 0x7f800000 | (fraction << 13);
    } else if (exponent !== 0) {
      table[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
    } else if (fraction === 0) {
      table[half] = sign;
    } else {
      // A subnormal half, fraction · 2^-24, is a normal single: shift its leading one out of the fraction.
      const leading = 31 - Math.clz32(fraction);
      table[half] = sign | ((leading + 103) << 23) | ((fraction << (23 - leading)) & 0x7fffff);
    }
  }
  widened = table;
  return table;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** F16 bits → F32, same length. `target` must be as long as `source`. */
export function float16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  const table = halfTable();
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i]!]!;
  return target;
}

/** BF16 bits → F32, same length: a bfloat16 is the upper half of a single. */
export function bfloat16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
  return target;
}

/** From here on a number is infinite as F16: halfway between its largest one, 65504, and the next that it would have. */
export const float16Infinite = 65520;

/** F32 → F16 bits; beyond ±65504 (after rounding) becomes ±infinity, NaN stays NaN. */
export function float32ToFloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) target[i] = narrowToHalf(bits[i]!);
  return target;
}

function narrowToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal half. A carry out of the fraction moves to the exponent, up to infinity, as it should.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Below half of the smallest subnormal, 2^-25 (a tie, to even): zero.
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return sign | (rest > tie || (rest === tie && (kept & 1) === 1) ? kept + 1 : kept);
}

/** F32 → BF16 bits; NaN stays NaN. */
export function float32ToBfloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i]!;
    target[i] =
      (value & 0x7fffffff) > 0x7f800000
        ? (value >>> 16) | 0x40 // quiet, or a NaN whose payload is cut off would turn into infinity
        : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return target;
}

/** What narrows numbers to a format of 16 bits, and widens them, by the names of a graph's element types. */
export const halfFormats = {
  f16: { narrow: float32ToFloat16, widen: float16ToFloat32 },
  bf16: { narrow: float32ToBfloat16, widen: bfloat16ToFloat32 },
} as const;
