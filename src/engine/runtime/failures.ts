import { Failure } from '../../failure/failure';
import type { Device } from './runtime';

const goOn = 'The run can be resumed from its last checkpoint.';

/** What went wrong on a device other than the processor, from what the runtime said. */
export function deviceFailure(device: Device, error: unknown): Failure {
  const said = error instanceof Error ? error.message : String(error);
  if (/device.{0,40}\blost\b|\blost\b.{0,40}device|removed device|DEVICE_REMOVED|DEVICE_LOST/i.test(said)) {
    return deviceLost(device, error);
  }
  if (
    /out.?of.?(device.?)?memory|bad_alloc|failed to allocate|allocation failed|maxBufferSize|BindingSize|exceeds the max.{0,30}buffer/i.test(
      said,
    )
  ) {
    return deviceOutOfMemory(device, error);
  }
  return deviceFailed(device, essence(said), error);
}

/** What ONNX Runtime says behind the file, function and condition in which it noticed. */
export function essence(said: string): string {
  const line = said.split('\n')[0]!;
  // CUDA's names function, file and computer on both sides of it.
  const ofCuda = /CU\w+ failure \d+: [^;]*[^; ]/.exec(line);
  if (ofCuda !== null) return ofCuda[0];
  return line.replace(/^.*(?:was false\.|Status Message:)\s*/, '').trim() || line;
}

const deviceLost = (device: Device, cause: unknown): Failure =>
  new Failure('device-lost', `The connection to the device "${device}" was lost while it computed.`, {
    hint: `${goOn} If it happens again, look for a newer driver, or train anew with engine.device "cpu".`,
    place: { path: 'engine.device' },
    exitCode: 3,
    cause,
  });

const deviceOutOfMemory = (device: Device, cause: unknown): Failure =>
  new Failure('device-out-of-memory', `The device "${device}" does not have the memory for this model and batch.`, {
    hint:
      'Close other programs that use it, lower training.per_device_train_batch_size or dataset.max_length, set ' +
      `training.gradient_checkpointing to true, or use engine.device "cpu". ${goOn}`,
    place: { path: 'engine.device' },
    exitCode: 3,
    cause,
  });

const deviceFailed = (device: Device, said: string, cause: unknown): Failure =>
  new Failure('device-failed', `The device "${device}" could not compute this: ${said}`, {
    hint: `${goOn} \`lora doctor\` tries the device again; engine.device "cpu" always works.`,
    place: { path: 'engine.device' },
    exitCode: 3,
    cause,
  });
