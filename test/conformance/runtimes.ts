import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { ReferenceRuntime } from '../../src/engine/runtime/reference/referenceRuntime';
import type { Runtime } from '../../src/engine/runtime/runtime';

/** Every runtime must pass every case. */
export const runtimes: readonly Runtime[] = [new OnnxRuntime({ threads: 2 }), new ReferenceRuntime()];

/** What is right: every op computed, and every result kept, in float64. */
export const oracle = new ReferenceRuntime({ precision: 'f64' });
