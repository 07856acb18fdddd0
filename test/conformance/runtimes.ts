import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { ReferenceRuntime } from '../../src/engine/runtime/reference/referenceRuntime';
import type { Runtime } from '../../src/engine/runtime/runtime';
import { builtBinding } from '../../src/engine/runtime/tensorflow/place';
import type { OnKernel } from '../../src/engine/runtime/tensorflow/profile';
import { TensorflowRuntime } from '../../src/engine/runtime/tensorflow/tensorflowRuntime';

/** What `npm run test:tensorflow` sets, for which TensorFlow has to be set up; `npm test` leaves it out. */
export const onTensorflow = process.env['LORA_TEST_RUNTIME'] === 'tensorflow';

/** Every runtime must pass every case. */
export const runtimes: readonly Runtime[] = onTensorflow
  ? [tensorflow()]
  : [new OnnxRuntime({ threads: 2 }), new ReferenceRuntime()];

/** What is right: every op computed, and every result kept, in float64. */
export const oracle = new ReferenceRuntime({ precision: 'f64' });

/** Kernel by kernel if somebody hears of them. Throws where TensorFlow is not set up. */
export function tensorflow(onKernel?: OnKernel): TensorflowRuntime {
  const binding = builtBinding();
  if (binding === undefined) throw new Error('TensorFlow is not set up: run `lora setup tensorflow` before');
  return new TensorflowRuntime({ binding, threads: 2, gpu: false, onKernel });
}
