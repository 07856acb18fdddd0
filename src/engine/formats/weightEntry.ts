import { readGgufWeight } from './gguf/weights';
import type { GgufWeight } from './gguf/weights';
import { readTensor } from './safetensors';
import type { TensorEntry } from './safetensors';

/** Where a base model's weight lies: in a safetensors file, or in a GGUF file. */
export type WeightEntry = TensorEntry | GgufWeight;

export function isGgufWeight(entry: WeightEntry): entry is GgufWeight {
  return 'layout' in entry;
}

/**
 * One weight as 32-bit floats, row-major, in the order of Hugging Face's model.
 * @throws Failure as `readTensor`, `gguf-broken`
 */
export async function readWeightEntry(entry: WeightEntry): Promise<Float32Array> {
  return isGgufWeight(entry) ? readGgufWeight(entry) : readTensor(entry);
}
