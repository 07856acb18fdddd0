import { Failure } from '../../failure/failure';
import type { Device } from '../runtime/runtime';

/** `where` is what was asked for, such as `The device "cpu"`; `reason` is a sentence. */
export const precisionUnsupported = (where: string, precision: string, reason: string): Failure =>
  new Failure('precision-unsupported', `${where} does not compute in ${precision}. ${reason}`, {
    hint: 'Set engine.precision to "auto", which computes in fp32.',
    place: { path: 'engine.precision' },
  });

/** `what` is a precision, or one with quantized weights; `reason` is a sentence or some. */
export const noneInPrecision = (what: string, reason: string): Failure =>
  new Failure('precision-unsupported', `None of the devices of this computer computes in ${what}. ${reason}`, {
    hint: 'Set engine.precision to "auto", which computes in fp32.',
    place: { path: 'engine.precision' },
  });

/** `reason` is a sentence, or empty. */
export const quantizationUnsupported = (quantization: string, device: Device, reason: string): Failure =>
  new Failure(
    'quantization-unsupported',
    `The device "${device}" does not compute with weights in ${quantization}. ${reason}`.trim(),
    {
      hint: 'Set engine.device to "auto" or "cpu", or engine.quantization to "none".',
      place: { path: 'engine.quantization' },
    },
  );

/** `reason` is a sentence; `enable` the one step that would help, if there is one. */
export const deviceUnavailable = (device: Device, reason: string, enable: string | null): Failure =>
  new Failure('device-unavailable', `The device "${device}" cannot be used here. ${reason}`, {
    hint: enable ?? 'Set engine.device to "auto", which takes the fastest device that works.',
    place: { path: 'engine.device' },
  });
