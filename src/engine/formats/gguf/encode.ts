import { float32ToFloat16 } from '../halfPrecision';

/** What this engine writes numbers as. */
export type WrittenType = 'F32' | 'F16' | 'Q8_0';

const block = 32;
const blockBytes = 34;

/** Whether rows of so many numbers can be stored as `type`. */
export function fillsRows(type: WrittenType, rowLength: number): boolean {
  return type !== 'Q8_0' || rowLength % block === 0;
}

/** Whether a number stays finite as `type`. Q8_0's scale, which is half precision, is a 127th of its largest number. */
export function holds(type: WrittenType, value: number): boolean {
  const magnitude = Math.abs(value);
  // What is below 65,520 is rounded to 65,504, the largest number of half precision.
  return type === 'F32' ? Number.isFinite(value) : type === 'F16' ? magnitude < 65_520 : magnitude <= 65_504 * 127;
}

/** Numbers → stored bytes. */
export function encodeGguf(type: WrittenType, values: Float32Array): Uint8Array {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type === 'F16') return new Uint8Array(float32ToFloat16(values).buffer);
  return encodeQ8(values);
}

/**
 * Q8_0 as `quantize_row_q8_0_ref` of ggml makes it: the scale is the largest magnitude / 127, stored in half precision, but
 * numbers are divided by it as it was in single precision; halves are rounded away from zero.
 */
function encodeQ8(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array((values.length / block) * blockBytes);
  const codes = new Int8Array(bytes.buffer);
  const { fround } = Math;
  for (let i = 0; i < values.length / block; i++) {
    let largest = 0;
    for (let k = 0; k < block; k++) largest = Math.max(largest, Math.abs(values[i * block + k]!));
    const scale = fround(largest / 127);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    const [half] = float32ToFloat16(Float32Array.of(scale)) as unknown as [number];
    const at = i * blockBytes;
    bytes[at] = half & 255;
    bytes[at + 1] = half >> 8;
    for (let k = 0; k < block; k++) codes[at + 2 + k] = rounded(fround(values[i * block + k]! * inverse));
  }
  return bytes;
}

function rounded(x: number): number {
  return Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
}
