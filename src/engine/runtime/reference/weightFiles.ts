import { closeSync, openSync, readSync } from 'node:fs';
import { blockBytes, decodeBlocks } from '../../formats/blocks';
import { bfloat16ToFloat32, float16ToFloat32 } from '../../formats/halfPrecision';
import type { WeightData } from '../runtime';

/** The values of a weight in memory. Throws where its file ends too early. */
export function readWeight(weight: WeightData): Float64Array {
  if (weight.kind === 'memory') return Float64Array.from(weight.data);
  if (weight.kind === 'blocks') {
    const { format, file, count, codes, scales } = weight;
    const size = blockBytes(format, count);
    const blocks = {
      codes: readRange(file, codes, size.codes),
      scales: new Float32Array(readRange(file, scales, size.scales).buffer),
    };
    return Float64Array.from(decodeBlocks(format, blocks));
  }
  const bytes = readRange(weight.file, weight.offset, weight.byteLength);
  switch (weight.dtype) {
    case 'f32':
      return Float64Array.from(new Float32Array(bytes.buffer));
    case 'f16':
      return Float64Array.from(float16ToFloat32(new Uint16Array(bytes.buffer)));
    case 'bf16':
      return Float64Array.from(bfloat16ToFloat32(new Uint16Array(bytes.buffer)));
  }
}

/** A part of a file, in a buffer of its own (so that it is aligned for every element type). */
function readRange(file: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(file, 'r');
  try {
    for (let done = 0; done < length;) {
      const count = readSync(descriptor, bytes, done, length - done, offset + done);
      if (count === 0) throw new Error(`${file} ends before byte ${offset + length}`);
      done += count;
    }
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}
