import { platformNotSupported } from '../../run/failures';
import { OnnxRuntime } from '../runtime/onnx/onnxRuntime';
import { ReferenceRuntime } from '../runtime/reference/referenceRuntime';
import type { Runtime } from '../runtime/runtime';

/** The runtime that a recipe's `engine` section asks for. @throws Failure `platform-not-supported` */
export function chooseRuntime(engine: { readonly runtime: string; readonly threads: number }): Runtime {
  if (engine.runtime === 'reference') return new ReferenceRuntime();
  const failure = platformNotSupported(process.platform, process.arch);
  if (failure !== undefined) throw failure;
  return new OnnxRuntime({ threads: engine.threads });
}
