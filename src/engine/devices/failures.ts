import { Failure } from '../../failure/failure';
import type { Device } from '../runtime/runtime';

/** `reason` is a sentence; `enable` the one step that would help, if there is one. */
export const deviceUnavailable = (device: Device, reason: string, enable: string | null): Failure =>
  new Failure('device-unavailable', `The device "${device}" cannot be used here. ${reason}`, {
    hint: enable ?? 'Set engine.device to "auto", which takes the fastest device that works.',
    place: { path: 'engine.device' },
  });
