import type { BlockForm } from '../formats/blocks';
import type { FloatDtype, Graph, HalfDtype } from '../graph/types';

/** A dense row-major tensor in memory. bool is one byte per element, 0 or 1. */
export type Tensor =
  | { readonly dtype: 'f32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'i32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'bool'; readonly shape: readonly number[]; readonly data: Uint8Array };

export type FloatTensor = Extract<Tensor, { dtype: 'f32' }>;

/** The values of a frozen weight: in memory, or where they lie in a file (little-endian, row-major). */
export type WeightData =
  | { readonly kind: 'memory'; readonly data: Float32Array }
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly offset: number;
      readonly byteLength: number;
      readonly dtype: FloatDtype;
    }
  | BlocksInFile;

/**
 * A weight in blocks of consecutive numbers: a code of a few bits for each number, a scale (f32) for each block, and in
 * some forms an offset (f32) for each block.
 */
export interface BlocksInFile {
  readonly kind: 'blocks';
  readonly form: BlockForm;
  readonly file: string;
  /** How many numbers the weight has; a multiple of the block's size. */
  readonly count: number;
  /** Where the codes, the scales and the offsets begin in the file, in bytes. */
  readonly codes: number;
  readonly scales: number;
  readonly offsets?: number;
}

export type WeightSource = (name: string) => WeightData;

export type Tensors = Readonly<Record<string, Tensor>>;

/** Where a graph can run, as in `engine.device`. */
export const devices = ['cpu', 'webgpu', 'cuda', 'directml', 'coreml'] as const;
export type Device = (typeof devices)[number];

/** What a run computes in, as in `engine.precision`. */
export type Precision = 'fp32' | HalfPrecision;
export const halfPrecisions = ['fp16', 'bf16'] as const;
export type HalfPrecision = (typeof halfPrecisions)[number];

/** The element type of half precision, by the name that a recipe has for it; undefined where all is in single precision. */
export function halfDtype(precision: HalfPrecision): HalfDtype;
export function halfDtype(precision: Precision): HalfDtype | undefined;
export function halfDtype(precision: Precision): HalfDtype | undefined {
  return precision === 'fp32' ? undefined : precision === 'fp16' ? 'f16' : 'bf16';
}

/** Something that compiles and runs graphs on a device. */
export interface Runtime {
  readonly name: 'onnxruntime' | 'tensorflow' | 'reference';
  readonly device: Device;
  /** Compiles `graph`; the weights are read once. Throws where a weight cannot be read. */
  compile(graph: Graph, weights: WeightSource): Promise<Executable>;
}

export interface Executable {
  /**
   * Runs the graph once. Every input of the graph must be given, with sizes that agree on every symbol.
   * The results belong to the caller.
   */
  run(inputs: Tensors): Promise<Tensors>;
  /** Frees what the device holds; the executable cannot run any more. */
  dispose(): Promise<void>;
}

/** The f32 result `name`. Throws where the graph has none. */
export function floats(tensors: Tensors, name: string): Float32Array {
  const tensor = tensors[name];
  if (tensor?.dtype !== 'f32') throw new Error(`The graph gave no f32 result ${name}`);
  return tensor.data;
}

export function f32(data: Float32Array, shape: readonly number[]): Tensor {
  return { dtype: 'f32', shape, data };
}
export function i32(data: Int32Array, shape: readonly number[]): Tensor {
  return { dtype: 'i32', shape, data };
}
export function bool(data: Uint8Array, shape: readonly number[]): Tensor {
  return { dtype: 'bool', shape, data };
}
