import type { Device } from '../runtime';

/** What ONNX Runtime calls the part of it that computes on a device, and what it cannot do there. */
export interface Provider {
  /** In `executionProviders`. */
  readonly name: string;
  /** In profiles and logs. */
  readonly executionProvider: string;
  /** Whether tensors of no elements can be computed with. */
  readonly computesEmpty: boolean;
  /** Whether products of stacked matrices can be transposed and scaled at once (`FusedMatMul`). */
  readonly computesFusedProducts: boolean;
  /** Whether the root mean square that a norm computes on its way can be read. */
  readonly givesNormStatistics: boolean;
  /** Whether LayerNormalization subtracts the mean before it squares. */
  readonly centresBeforeSquaring: boolean;
  /** Whether it multiplies with blocks as they lie (`MatMulBnb4`, `MatMulNBits`), and computes with whole numbers of 16 bits. */
  readonly readsBlocks: boolean;
  /** Whether earlier keys and values are joined with the new ones before scores are computed, as programs expect of a file. */
  readonly joinsCache: boolean;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What is not known of a device is not asked of it. */
const cautious = {
  computesEmpty: false,
  computesFusedProducts: false,
  givesNormStatistics: false,
  centresBeforeSquaring: false,
  readsBlocks: false,
  joinsCache: false,
  options: {},
};

/** Of a file that any build of ONNX Runtime may run. */
export const portableProvider: Provider = {
  name: 'any',
  executionProvider: 'any',
  ...cautious,
  centresBeforeSquaring: true,
  readsBlocks: true,
  joinsCache: true,
};

/** Found by the conformance suite (onnxruntime 1.30), and on each machine by the device's probe. */
export const providers: Readonly<Record<Device, Provider>> = {
  cpu: {
    name: 'cpu',
    executionProvider: 'CPUExecutionProvider',
    computesEmpty: true,
    computesFusedProducts: true,
    givesNormStatistics: true,
    centresBeforeSquaring: true,
    readsBlocks: true,
    joinsCache: false,
    options: {},
  },
  webgpu: {
    name: 'webgpu',
    executionProvider: 'WebGpuExecutionProvider',
    // A product over no elements ends the process, and a softmax of no rows is refused.
    computesEmpty: false,
    // They would be left to the processor.
    computesFusedProducts: false,
    // The second result of SimplifiedLayerNormalization holds other numbers.
    givesNormStatistics: false,
    // It takes the mean of squares minus the square of the mean: far from zero few digits are left of the difference.
    centresBeforeSquaring: false,
    // Of matrices in four bits alone, and only in one direction.
    readsBlocks: false,
    joinsCache: false,
    options: {},
  },
  cuda: { name: 'cuda', executionProvider: 'CUDAExecutionProvider', ...cautious },
  directml: { name: 'dml', executionProvider: 'DmlExecutionProvider', ...cautious },
  coreml: { name: 'coreml', executionProvider: 'CoreMLExecutionProvider', ...cautious },
};
