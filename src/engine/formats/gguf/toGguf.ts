import { architectures, takeApart } from './architectures';
import type { Architecture } from './architectures';

/** Where a Hugging Face weight goes in a GGUF file, and in what order its numbers. */
export interface GgufPlace {
  /** With `.weight` or `.bias`. */
  readonly name: string;
  /** As `GgufWeight.layout` has it: what reading undoes. */
  readonly layout: 'same' | 'transposed' | { readonly heads: number };
}

/** Mistral's models are `llama` in GGUF. */
export function architectureName(modelType: string): string {
  return modelType === 'mistral' ? 'llama' : modelType;
}

/** Throws where the model has no such weight: its families are all in the table. */
export function ggufPlace(
  modelType: string,
  weight: string,
  heads: { readonly query: number; readonly key: number },
): GgufPlace {
  const architecture = architectures[architectureName(modelType)];
  if (architecture === undefined) throw new Error(`GGUF has no architecture for ${modelType}`);
  const { stem, block, kind } = takeApart(weight);
  const stored = storedStem(architecture, stem);
  const name = stored.replace('#', block) + kind;
  if (architecture.interleavesHeads && (stored === 'blk.#.attn_q' || stored === 'blk.#.attn_k')) {
    return { name, layout: { heads: stored === 'blk.#.attn_q' ? heads.query : heads.key } };
  }
  return { name, layout: kind === '.weight' && architecture.transposed.has(stored) ? 'transposed' : 'same' };
}

function storedStem({ names }: Architecture, stem: string): string {
  const found = Object.entries(names).find(([, name]) => name === stem);
  if (found === undefined) throw new Error(`GGUF has no name for ${stem}`);
  return found[0];
}

/** Rows of Hugging Face's order in GGUF's; see `Architecture.interleavesHeads`. */
export function interleaved(values: Float32Array, rows: number, heads: number): Float32Array {
  const length = values.length / rows;
  const half = rows / heads / 2;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const within = row % (2 * half);
    const to = row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
    result.set(values.subarray(row * length, (row + 1) * length), to * length);
  }
  return result;
}
