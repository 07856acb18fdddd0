import { closeSync, openSync, readSync } from 'node:fs';
import { blockBytes, decodeBlocks } from '../formats/blocks';
import { halfFormats } from '../formats/halfPrecision';
import type { HalfDtype } from '../graph/types';
import type { WeightData } from './runtime';

/** The values of a weight, in memory of their own. Throws where its file ends too early. */
export function readWeight(weight: WeightData): Float32Array {
  if (weight.kind === 'memory') return weight.data.slice();
  if (weight.kind === 'blocks') {
    const { form, file, count, codes, scales, offsets } = weight;
    const size = blockBytes(form, count);
    const floats = (at: number): Float32Array => new Float32Array(readRange(file, at, size.scales).buffer);
    return decodeBlocks(form, {
      codes: readRange(file, codes, size.codes),
      scales: floats(scales),
      ...(offsets === undefined ? {} : { offsets: floats(offsets) }),
    });
  }
  const { buffer } = readRange(weight.file, weight.offset, weight.byteLength);
  return weight.dtype === 'f32' ? new Float32Array(buffer) : halfFormats[weight.dtype].widen(new Uint16Array(buffer));
}

/** The values of a weight in a format of 16 bits: as they lie in its file, where they are in that format. */
export function readHalfWeight(weight: WeightData, format: HalfDtype): Uint16Array {
  const isThere = weight.kind === 'file' && weight.dtype === format;
  if (isThere) return new Uint16Array(readRange(weight.file, weight.offset, weight.byteLength).buffer);
  return halfFormats[format].narrow(readWeight(weight));
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
