import { platformNotSupported } from '../../run/failures';
import { OnnxRuntime } from '../runtime/onnx/onnxRuntime';
import { ReferenceRuntime } from '../runtime/reference/referenceRuntime';
import { tensorflowNotSetUp } from '../runtime/tensorflow/failures';
import { builtBinding } from '../runtime/tensorflow/place';
import { kernelProfile } from '../runtime/tensorflow/profile';
import { TensorflowRuntime } from '../runtime/tensorflow/tensorflowRuntime';
import type { Device, Runtime } from '../runtime/runtime';

/** What computes, where: a recipe's `engine` section with every `auto` decided (`chooseDevice`). */
export interface Computation {
  readonly runtime: string;
  readonly device: Device;
  /** 0 leaves it to the runtime. */
  readonly threads: number;
}

/** @throws Failure `platform-not-supported`, `tensorflow-not-set-up` */
export function chooseRuntime({ runtime, device, threads }: Computation): Runtime {
  if (runtime === 'reference') return new ReferenceRuntime();
  const failure = platformNotSupported(process.platform, process.arch);
  if (failure !== undefined) throw failure;
  if (runtime === 'tensorflow') return tensorflow(threads, device === 'cuda');
  return new OnnxRuntime({ threads, device });
}

function tensorflow(threads: number, gpu: boolean): Runtime {
  const binding = builtBinding();
  if (binding === undefined) throw tensorflowNotSetUp();
  const profile = process.env['LORA_TENSORFLOW_PROFILE'];
  const onKernel = profile === undefined ? undefined : kernelProfile(profile);
  return new TensorflowRuntime({ binding, threads, gpu, onKernel });
}
