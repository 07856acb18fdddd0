import { platformNotSupported } from '../../run/failures';
import { OnnxRuntime } from '../runtime/onnx/onnxRuntime';
import { ReferenceRuntime } from '../runtime/reference/referenceRuntime';
import type { Device, Runtime } from '../runtime/runtime';

/** What computes, where: a recipe's `engine` section with every `auto` decided (`chooseDevice`). */
export interface Computation {
  readonly runtime: string;
  readonly device: Device;
  /** 0 leaves it to the runtime. */
  readonly threads: number;
}

/** @throws Failure `platform-not-supported` */
export function chooseRuntime({ runtime, device, threads }: Computation): Runtime {
  if (runtime === 'reference') return new ReferenceRuntime();
  const failure = platformNotSupported(process.platform, process.arch);
  if (failure !== undefined) throw failure;
  return new OnnxRuntime({ threads, device });
}
