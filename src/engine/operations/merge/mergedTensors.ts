import type { BaseModel } from '../../facts/baseModel';
import { float16Infinite } from '../../formats/halfPrecision';
import { copyBytes, readElements, storedBytes, storedDtypeBytes, writeFloats } from '../../formats/safetensors';
import type { StreamedTensor } from '../../formats/safetensors';
import { isGgufWeight, readWeightEntry } from '../../formats/weightEntry';
import type { WeightEntry } from '../../formats/weightEntry';
import type { WriteBytes } from '../../formats/atomicFile';
import type { AdapterValues } from '../../lora/concatenated';
import { deltaAdder } from '../../lora/merge';
import type { AddDelta } from '../../lora/merge';
import type { LoraTarget } from '../../lora/adapter';
import { mergeNotFinite } from './failures';

type FloatDtype = 'F32' | 'F16' | 'BF16';

/** The weights of the model that base and adapter make together, none of them computed yet. */
export interface MergedTensors {
  readonly tensors: readonly StreamedTensor[];
  /** Names of the weights that are other than in the base model. */
  readonly changed: readonly string[];
  /** Weights that were one in the base model and are two now. */
  readonly untied: readonly (readonly [alias: string, weight: string])[];
}

/** Elements of a weight that are in memory at once. */
const pieceElements = 1 << 20;

/**
 * Every weight of the base model under its name in Transformers, as `merge_and_unload()` leaves it: W + s·B·A where a
 * module is adapted, the adapter's own where it was trained in full. Sums are made in 64 bits and rounded once to `dtype`,
 * or to what the base model's file stores. Where two modules share a weight and one of them is changed, the other keeps
 * the old one, as when the adapter is attached.
 * @param onBytes hears of each piece that was written, in bytes; may throw to stop
 */
export function mergedTensors(
  base: BaseModel,
  merged: AdapterValues,
  dtype: FloatDtype | null,
  onBytes: (bytes: number) => void,
): MergedTensors {
  const { model, weights } = base;
  const targets = new Map(merged.adapter.targets.map((target) => [`${target.path}.weight`, target]));
  const isChanged = (name: string): boolean => merged.values.has(name) || targets.has(name);
  const untied = [...model.tied].filter(([alias, weight]) => isChanged(alias) || isChanged(weight));
  const names = [
    ...[...model.parameters].map(([name, shape]) => ({ name, shape, entry: weights.get(name)! })),
    ...untied.map(([alias, weight]) => ({
      name: alias,
      shape: model.parameters.get(weight)!,
      entry: weights.get(weight)!,
    })),
  ];
  const tensors = names.map(({ name, shape, entry }): StreamedTensor => {
    const stored = dtype ?? (entry.dtype as FloatDtype);
    const place = { name, shape, dtype: stored };
    const counted =
      (write: WriteBytes): WriteBytes =>
      async (bytes) => {
        await write(bytes);
        onBytes(bytes.length);
      };
    const replaced = merged.values.get(name);
    const target = targets.get(name);
    if (replaced !== undefined) return { ...place, write: (write) => writeOwn(place, replaced, counted(write)) };
    if (target !== undefined) {
      return { ...place, write: (write) => writeSum(place, entry, adderOf(target, merged), counted(write)) };
    }
    if (!isGgufWeight(entry) && entry.dtype === stored)
      return { ...place, write: (write) => copyBytes(entry, counted(write)) };
    return { ...place, write: (write) => writeSum(place, entry, undefined, counted(write)) };
  });
  return { tensors, changed: names.map(({ name }) => name).filter(isChanged), untied };
}

/** Bytes of all weights together. */
export function totalBytes(tensors: readonly StreamedTensor[]): number {
  return tensors.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
}

interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: FloatDtype;
}

function adderOf(target: LoraTarget, { adapter, values }: AdapterValues): AddDelta {
  const own = adapter.trainables.filter((trainable) => trainable.target === target);
  const [a, b] = (['A', 'B'] as const).map((end) => own.find(({ role }) => role.endsWith(`_${end}`))!.name);
  return deltaAdder(target, values.get(a!)!, values.get(b!)!);
}

async function writeOwn(place: Place, values: Float32Array, write: WriteBytes): Promise<void> {
  for (let start = 0; start < values.length; start += pieceElements) {
    await writeChecked(place, values.slice(start, start + pieceElements), write);
  }
}

interface Pieces {
  readonly elements: number;
  /** @returns what may be changed */
  readonly read: (start: number, count: number) => Promise<Float32Array> | Float32Array;
}

/** A weight to be read piece by piece; one of a GGUF file is widened as a whole, because rows may lie in another order. */
async function pieces(entry: WeightEntry): Promise<Pieces> {
  if (!isGgufWeight(entry)) {
    const elements = entry.byteLength / storedDtypeBytes[entry.dtype];
    return { elements, read: (start, count) => readElements(entry, start, count) };
  }
  const values = await readWeightEntry(entry);
  return { elements: values.length, read: (start, count) => values.subarray(start, start + count) };
}

/** A few whole rows at a time, so that a weight of a safetensors file is never in memory as a whole, wide or not. */
async function writeSum(
  place: Place,
  entry: WeightEntry,
  addDelta: AddDelta | undefined,
  write: WriteBytes,
): Promise<void> {
  const { elements, read } = await pieces(entry);
  const columns = place.shape.at(-1) ?? 1;
  const step = columns * Math.max(1, Math.floor(pieceElements / columns));
  for (let start = 0; start < elements; start += step) {
    const piece = await read(start, Math.min(step, elements - start));
    if (addDelta !== undefined) {
      const sums = Float64Array.from(piece);
      addDelta(sums, start / columns);
      piece.set(sums);
    }
    await writeChecked(place, piece, write);
  }
}

/** From here on numbers are infinite when they are rounded. */
const beyond = { F32: Infinity, F16: float16Infinite, BF16: 3.396e38 } as const;

async function writeChecked({ name, dtype }: Place, piece: Float32Array, write: WriteBytes): Promise<void> {
  const limit = beyond[dtype];
  // Also false for what is not a number.
  if (!piece.every((value) => Math.abs(value) < limit)) throw mergeNotFinite(name, dtypeNames[dtype]);
  await writeFloats(piece, dtype, write);
}

/** PyTorch's names of the stored dtypes. */
export const dtypeNames = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;
