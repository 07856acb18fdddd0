import type { ValueDtype } from '../../graph/types';
import { tensorflowNoGraphics, tensorflowNotLoading } from './failures';

/** An attribute of a TensorFlow op, as the binding takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** The part of tfjs-node's binding to TensorFlow's C library that we call. Tensors are numbers. */
export interface Binding {
  readonly TF_Version: string;
  /** The tensor shares the memory of `data`, which must not change while the tensor lives. */
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(tensor: number): void;
  /** The numbers of a tensor, copied. */
  tensorDataSync(tensor: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    results: number,
  ): readonly { readonly id: number; readonly shape: readonly number[] }[];
  /** Opens the SavedModel of a folder, with a session of its own. */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(model: number): void;
  /**
   * Runs it once. `inputs` are fed at the places of `inputNames` (`name:index`, with commas between them); gives the tensors
   * of `outputNames`.
   */
  runSavedModel(
    model: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): readonly { readonly id: number }[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

/** Element types of tensors: those of a graph's values, and bytes. */
export type ElementType = ValueDtype | 'u8';
/** `TF_DataType` of TensorFlow's C interface (tf_datatype.h). */
export const dataType: Readonly<Record<ElementType, number>> = { f32: 1, i32: 3, u8: 4, bool: 10, bf16: 14, f16: 19 };
/** `TF_AttrType` (tf_attrtype.h). */
export const attributeType = { int: 1, float: 2, bool: 3, type: 4 } as const;

export interface BindingOptions {
  /** Number of threads for one kernel; 0 leaves it to TensorFlow (all cores). */
  readonly threads: number;
  /** Whether a graphics card may be used if TensorFlow finds one. */
  readonly gpu: boolean;
}

const loaded = new Map<string, Binding>();

/**
 * Loads the binding, once for the process: TensorFlow reads its settings from the environment at that moment, so
 * those of the first call count.
 * @throws Failure `tensorflow-not-loading`, `tensorflow-no-graphics`
 */
export function loadBinding(file: string, { threads, gpu }: BindingOptions): Binding {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  // It would report on stderr instruction sets and graphics libraries that it does without.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  // oneDNN's kernels, which TensorFlow takes unasked on processors with AVX-512 alone: a step takes two thirds of the time.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  if (threads > 0) process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  if (gpu) {
    // Products of 19-bit numbers, which newer cards would make of 32-bit ones, and all of the card's memory at once.
    process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
    process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  } else process.env['CUDA_VISIBLE_DEVICES'] = '-1';
  const module: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(module, file);
  } catch (error) {
    throw tensorflowNotLoading(file, error);
  }
  const binding = module.exports as Binding;
  // It would compute on the processor and say nothing.
  if (gpu && !binding.isUsingGpuDevice()) throw tensorflowNoGraphics('it finds no card that it can compute on');
  loaded.set(file, binding);
  return binding;
}
