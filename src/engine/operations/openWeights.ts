import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readWeight } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { encodeBlocks, fillsBlocks } from '../formats/blocks';
import type { BlockFormat } from '../formats/blocks';
import { parameterSize } from '../models/model';
import type { Model } from '../models/model';
import type { BlocksInFile, WeightSource } from '../runtime/runtime';
import { weightSource } from './compile';

/** How the frozen weights are held while a recipe runs, as in `engine.quantization`. */
export type Quantization = 'none' | BlockFormat;

export interface OpenWeights {
  readonly source: WeightSource;
  /** Gives back what holds them; call it when nothing that was compiled with them runs any more. */
  close(): Promise<void>;
}

/**
 * The base model's weights for a runtime. Quantized ones are written to a file in the system's temporary folder, one
 * after the other, so that no more than one is in memory; the runtime maps that file. Making it takes a second or two
 * for each billion bytes, so it is not kept for the next run.
 */
export async function openWeights(
  base: BaseModel,
  quantization: Quantization,
  replaced: ReadonlyMap<string, Float32Array> = new Map(),
): Promise<OpenWeights> {
  const source = weightSource(base, replaced);
  if (quantization === 'none') return { source, close: () => Promise.resolve() };
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lora-weights-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const file = path.join(folder, quantization);
    const blocks = await writeBlocks(file, base, quantization, replaced);
    return { source: (name) => blocks.get(name) ?? source(name), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The matrices of a model's linear layers inside its blocks; not embeddings, head and norms. */
export function layerMatrices({ modules, blockList, parameters }: Model): readonly string[] {
  return modules
    .filter(({ kind, path: at }) => (kind === 'linear' || kind === 'conv1d') && at.startsWith(`${blockList}.`))
    .map(({ path: at }) => `${at}.weight`)
    .filter((name) => parameters.has(name));
}

/** What QLoRA quantizes. A matrix that does not fill its blocks stays as it is. */
export function quantizedWeights(model: Model): readonly string[] {
  return layerMatrices(model).filter((name) => fillsBlocks(parameterSize(model, name)));
}

async function writeBlocks(
  file: string,
  base: BaseModel,
  format: BlockFormat,
  replaced: ReadonlyMap<string, Float32Array>,
): Promise<ReadonlyMap<string, BlocksInFile>> {
  const handle = await open(file, 'wx');
  try {
    const written = new Map<string, BlocksInFile>();
    let end = 0;
    const append = async (bytes: Uint8Array): Promise<number> => {
      const start = end;
      // Aligned for every kind of number.
      end = 64 * Math.ceil((start + bytes.length) / 64);
      // After what was written before.
      await handle.writeFile(bytes);
      await handle.writeFile(new Uint8Array(end - start - bytes.length));
      return start;
    };
    for (const name of quantizedWeights(base.model)) {
      const values = replaced.get(name) ?? (await readWeight(base, name));
      const { codes, scales } = encodeBlocks(format, values);
      const codesAt = await append(codes);
      const scalesAt = await append(new Uint8Array(scales.buffer));
      written.set(name, { kind: 'blocks', format, file, count: values.length, codes: codesAt, scales: scalesAt });
    }
    return written;
  } finally {
    await handle.close();
  }
}
