import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../failure/failure';
import { readWeight } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { fillsBlocks } from '../formats/blocks';
import type { BlockFormat } from '../formats/blocks';
import { float16Infinite } from '../formats/halfPrecision';
import { isGgufWeight } from '../formats/weightEntry';
import type { WeightEntry } from '../formats/weightEntry';
import { isHeldInHalf } from '../graph/halfPrecision';
import type { HalfDtype } from '../graph/types';
import { scratchFolder } from '../formats/scratchFolder';
import { outputUnwritable, systemErrorCode } from '../formats/failures';
import { parameterSize } from '../models/model';
import type { Model } from '../models/model';
import { halfDtype } from '../runtime/runtime';
import type { Precision, WeightData, WeightSource } from '../runtime/runtime';
import { weightSource } from './compile';
import { weightBeyondHalf } from './failures';
import { keepsBlocks, mustBeWritten, WeightFile } from './weightFile';
import type { GgufBlockWeight } from './weightFile';

/** How the frozen weights are held while a recipe runs, as in `engine.quantization`. */
export type Quantization = 'none' | BlockFormat;

export interface OpenWeights {
  readonly source: WeightSource;
  /** Gives back what holds them; call it when nothing that was compiled with them runs any more. */
  close(): Promise<void>;
}

/**
 * The base model's weights for a runtime. Those that its files do not hold as the runtime reads them, which are quantized
 * ones and most of a GGUF file's, are written to a file in the system's temporary folder, one after the other, so that no
 * more than one is in memory; the runtime maps that file. Making it takes a second or two for each billion bytes, so it
 * is not kept for the next run. With `keepsGgufBlocks`, matrices that a GGUF file has in blocks stay in blocks. In half
 * precision all others are in that afterwards.
 * @throws Failure `disk-full` and others of `outputUnwritable` where the temporary file cannot be written,
 * `weight-beyond-fp16`
 */
export async function openWeights(
  base: BaseModel,
  quantization: Quantization,
  keepsGgufBlocks: boolean,
  replaced: ReadonlyMap<string, Float32Array> = new Map(),
  precision: Precision = 'fp32',
): Promise<OpenWeights> {
  const source = weightSource(base, replaced);
  const inBlocks = new Set(keepsGgufBlocks ? layerMatrices(base.model) : []);
  const toQuantize = new Set(quantization === 'none' ? [] : quantizedWeights(base.model));
  const half = halfDtype(precision);
  const staysInBlocks = (name: string, entry: WeightEntry): entry is GgufBlockWeight =>
    inBlocks.has(name) && !replaced.has(name) && keepsBlocks(entry);
  /** In what a weight must be written although its file has it in something else. */
  const narrowedTo = (name: string, entry: WeightEntry): HalfDtype | undefined => {
    const isHeld = half !== undefined && isHeldInHalf(base.model.parameters.get(name) ?? []);
    if (!isHeld || staysInBlocks(name, entry)) return undefined;
    return replaced.has(name) || !isStoredIn(half, entry) ? half : undefined;
  };
  const toWrite = [...base.weights].filter(
    ([name, entry]) =>
      toQuantize.has(name) || narrowedTo(name, entry) !== undefined || (!replaced.has(name) && mustBeWritten(entry)),
  );
  if (toWrite.length === 0) return { source, close: () => Promise.resolve() };
  const folder = await scratchFolder('lora-weights');
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const written = new Map<string, WeightData>();
    const file = await WeightFile.create(path.join(folder, 'weights'));
    try {
      for (const [name, entry] of toWrite) {
        const isQuantized = quantization !== 'none' && toQuantize.has(name);
        const values = async (): Promise<Float32Array> => replaced.get(name) ?? (await readWeight(base, name));
        const narrowed = narrowedTo(name, entry);
        const data = isQuantized
          ? await file.addBlocks(quantization, await values())
          : narrowed !== undefined
            ? await file.addHalf(narrowed, narrowed === 'f16' ? withinHalf(name, await values()) : await values())
            : staysInBlocks(name, entry)
              ? await file.addGgufBlocks(entry)
              : await file.addWide(entry);
        written.set(name, data);
      }
    } finally {
      await file.close();
    }
    const tied = (name: string): string => base.model.tied.get(name) ?? name;
    return { source: (name) => written.get(replaced.has(name) ? name : tied(name)) ?? source(name), close };
  } catch (error) {
    await close();
    const isOfDisk = !(error instanceof Failure) && systemErrorCode(error) !== undefined;
    throw isOfDisk ? outputUnwritable(folder, error) : error;
  }
}

/** Whether a file has a weight in the bytes of 16 bits that a runtime reads, or in a GGUF file in those that are copied. */
function isStoredIn(half: HalfDtype, entry: WeightEntry): boolean {
  return entry.dtype === (half === 'f16' ? 'F16' : 'BF16') && !(isGgufWeight(entry) && entry.layout === 'transposed');
}

/** The values of a weight, if fp16 has numbers for them. */
function withinHalf(name: string, values: Float32Array): Float32Array {
  const beyond = values.find((value) => !(Math.abs(value) < float16Infinite));
  if (beyond !== undefined) throw weightBeyondHalf(name, beyond);
  return values;
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
