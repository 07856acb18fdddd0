import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { blockForm, encodeBlocks } from '../formats/blocks';
import type { BlockForm, BlockFormat, Blocks } from '../formats/blocks';
import { halfFormats } from '../formats/halfPrecision';
import { heldBlocks, heldForm } from '../formats/gguf/heldBlocks';
import { isBlockType } from '../formats/gguf/types';
import type { GgufBlockType } from '../formats/gguf/types';
import { readGgufBytes } from '../formats/gguf/weights';
import type { GgufWeight } from '../formats/gguf/weights';
import { isGgufWeight, readWeightEntry } from '../formats/weightEntry';
import type { WeightEntry } from '../formats/weightEntry';
import type { HalfDtype } from '../graph/types';
import type { BlocksInFile, WeightData } from '../runtime/runtime';

/** Whether a runtime cannot read a weight where it lies: its rows are in another order, or it is quantized. */
export function mustBeWritten(entry: WeightEntry): boolean {
  return isGgufWeight(entry) && (entry.layout !== 'same' || isBlockType(entry.dtype));
}

/** A matrix of a GGUF file in its blocks. */
export type GgufBlockWeight = GgufWeight & { readonly dtype: GgufBlockType };

/** Whether a matrix of a GGUF file can be held in its blocks: they lie along the rows that the model has. */
export function keepsBlocks(entry: WeightEntry): entry is GgufBlockWeight {
  return isGgufWeight(entry) && isBlockType(entry.dtype) && entry.layout !== 'transposed';
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
    return this.#addHeld(blockForm(format), values.length, encodeBlocks(format, values));
  }

  /** A quantized matrix of a GGUF file, none of its values changed. */
  async addGgufBlocks(weight: GgufBlockWeight): Promise<BlocksInFile> {
    const count = weight.shape.reduce((product, size) => product * size, 1);
    return this.#addHeld(heldForm(weight.dtype), count, heldBlocks(weight));
  }

  /** Rounded to 16 bits. */
  async addHalf(dtype: HalfDtype, values: Float32Array): Promise<WeightData> {
    const bytes = bytesOf(halfFormats[dtype].narrow(values));
    const offset = await this.#append(bytes);
    return { kind: 'file', file: this.file, offset, byteLength: bytes.length, dtype };
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

  async #addHeld(form: BlockForm, count: number, { codes, scales, offsets }: Blocks): Promise<BlocksInFile> {
    const places = { codes: await this.#append(codes), scales: await this.#append(bytesOf(scales)) };
    const further = offsets === undefined ? {} : { offsets: await this.#append(bytesOf(offsets)) };
    return { kind: 'blocks', form, file: this.file, count, ...places, ...further };
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

function bytesOf(data: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
