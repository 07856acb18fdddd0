import { OnnxRuntime } from '../runtime/onnx/onnxRuntime';
import { ReferenceRuntime } from '../runtime/reference/referenceRuntime';
import type { Runtime } from '../runtime/runtime';

/** The runtime that a recipe's `engine` section asks for. */
export function chooseRuntime(engine: { readonly runtime: string; readonly threads: number }): Runtime {
  return engine.runtime === 'reference' ? new ReferenceRuntime() : new OnnxRuntime({ threads: engine.threads });
}
