import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { encodeBlocks } from '../formats/blocks';
import type { BlockFormat } from '../formats/blocks';
import { isBlockType } from '../formats/gguf/types';
import { readGgufBytes } from '../formats/gguf/weights';
import { isGgufWeight, readWeightEntry } from '../formats/weightEntry';
import type { WeightEntry } from '../formats/weightEntry';
import type { BlocksInFile, WeightData } from '../runtime/runtime';

/** Whether a runtime cannot read a weight where it lies: its rows are in another order, or it is quantized. */
export function mustBeWritten(entry: WeightEntry): boolean {
  return isGgufWeight(entry) && (entry.layout !== 'same' || isBlockType(entry.dtype));
}

/** A file of weights that a runtime maps, written one after the other. */
export class WeightFile {
  #end = 0;

  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  static async create(file: string): Promise<WeightFile> {
    return new WeightFile(file, await open(file, 'wx'));
  }

  async addBlocks(format: BlockFormat, values: Float32Array): Promise<BlocksInFile> {
    const { codes, scales } = encodeBlocks(format, values);
    const codesAt = await this.#append(codes);
    const scalesAt = await this.#append(bytesOf(scales));
    return { kind: 'blocks', format, file: this.file, count: values.length, codes: codesAt, scales: scalesAt };
  }

  /** Half precision stays as it is; what is quantized becomes single precision. */
  async addWide(entry: WeightEntry): Promise<WeightData> {
    const isHalf = entry.dtype === 'F16' || entry.dtype === 'BF16';
    const keepsBytes = isHalf && isGgufWeight(entry) && entry.layout !== 'transposed';
    const bytes = keepsBytes ? readGgufBytes(entry) : bytesOf(await readWeightEntry(entry));
    const dtype = !keepsBytes ? 'f32' : entry.dtype === 'F16' ? 'f16' : 'bf16';
    const offset = await this.#append(bytes);
    return { kind: 'file', file: this.file, offset, byteLength: bytes.length, dtype };
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  async #append(bytes: Uint8Array): Promise<number> {
    const start = this.#end;
    // Aligned for every kind of number.
    this.#end = 64 * Math.ceil((start + bytes.length) / 64);
    // After what was written before.
    await this.handle.writeFile(bytes);
    await this.handle.writeFile(new Uint8Array(this.#end - start - bytes.length));
    return start;
  }
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
