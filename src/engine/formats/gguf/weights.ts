import { huggingFaceName, takeApart } from './architectures';
import type { Architecture } from './architectures';
import { ggufTensorUnknown } from './failures';
import type { GgufFile, GgufTensor } from './readGguf';
import { decodeGguf, readGgufRows } from './readGgufTensor';
import type { GgufType } from './types';

/** A weight of a Hugging Face model that lies in a GGUF file in another type or order. */
export interface GgufWeight {
  /** Hugging Face's. */
  readonly name: string;
  readonly dtype: GgufType;
  /** Hugging Face's. */
  readonly shape: readonly number[];
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
  /** As it is, transposed, or with rows in another order within each of so many heads (see `Architecture`). */
  readonly layout: 'same' | 'transposed' | { readonly heads: number };
}

/** Tensors that say nothing about weights: rotations, which the configuration says as well. */
const ignored: ReadonlySet<string> = new Set(['rope_freqs.weight']);

/** @throws Failure `gguf-tensor-unknown` */
export function ggufWeights(
  { file, tensors }: GgufFile,
  architecture: Architecture,
  heads: { readonly query: number; readonly key: number },
): ReadonlyMap<string, GgufWeight> {
  const weights = new Map<string, GgufWeight>();
  for (const { name: stored, type, shape, offset, byteLength } of tensors.values()) {
    if (ignored.has(stored)) continue;
    const name = huggingFaceName(architecture, stored);
    if (name === undefined) throw ggufTensorUnknown(file, stored);
    const { stem, kind } = takeApart(stored);
    const isTransposed = kind === '.weight' && architecture.transposed.has(stem);
    const ofHeads = stem === 'blk.#.attn_q' ? heads.query : stem === 'blk.#.attn_k' ? heads.key : undefined;
    const layout =
      architecture.interleavesHeads && ofHeads !== undefined
        ? { heads: ofHeads }
        : isTransposed
          ? 'transposed'
          : 'same';
    const hfShape = isTransposed ? shape.toReversed() : shape;
    weights.set(name, { name, dtype: type, shape: hfShape, file, offset, byteLength, layout });
  }
  return weights;
}

/** Stored bytes in the order of Hugging Face's rows; of a transposed weight in the file's own order. */
export function readGgufBytes(weight: GgufWeight): Uint8Array<ArrayBuffer> {
  const { layout } = weight;
  const bytes = readGgufRows(weight.file, storedTensor(weight));
  if (typeof layout === 'string') return bytes;
  return reordered(bytes, new Uint8Array(bytes.length), weight.shape[0] ?? 1, layout.heads);
}

/** A weight's values, row-major, in single precision. */
export function readGgufWeight(weight: GgufWeight): Float32Array {
  const values = decodeGguf(weight.dtype, readGgufBytes(weight));
  return weight.layout === 'transposed' ? transposed(values, weight.shape) : values;
}

/** Single rows of a weight that is laid out as in the file, one after the other. */
export function readGgufWeightRows(weight: GgufWeight, rows: readonly number[]): Float32Array[] {
  return rows.map((row) => decodeGguf(weight.dtype, readGgufRows(weight.file, storedTensor(weight), row, 1)));
}

/** Rows of GGUF's order in Hugging Face's: the inverse of `interleaved`. */
export function inHuggingFaceOrder(values: Float32Array, rows: number, heads: number): Float32Array {
  return reordered(values, new Float32Array(values.length), rows, heads);
}

/** Fills `result` with the rows of `stored` in Hugging Face's order; a row is as many elements as there are of it. */
function reordered<Elements extends Uint8Array | Float32Array>(
  stored: Elements,
  result: Elements,
  rows: number,
  heads: number,
): Elements {
  const length = stored.length / rows;
  for (let row = 0; row < rows; row++) {
    const from = storedRow(row, rows / heads) * length;
    result.set(stored.subarray(from, from + length), row * length);
  }
  return result;
}

/** GGUF's row of Hugging Face's `row`, within heads of `headRows` rows. */
function storedRow(row: number, headRows: number): number {
  const within = row % headRows;
  const half = headRows / 2;
  const j = within < half ? 0 : 1;
  return row - within + 2 * (within - j * half) + j;
}

function storedTensor({ name, dtype, shape, offset, layout }: GgufWeight): Omit<GgufTensor, 'byteLength'> {
  return { name, type: dtype, shape: layout === 'transposed' ? shape.toReversed() : shape, offset };
}

/** [columns, rows] in the file → [rows, columns]. */
function transposed(values: Float32Array, [rows = 1, columns = 1]: readonly number[]): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[row * columns + column] = values[column * rows + row]!;
  }
  return result;
}
