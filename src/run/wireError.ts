import { Failure } from '../failure/failure';
import type { WireError, WireFailure } from './engineProtocol';

/** What crosses the wire instead of an error; a bug's stack does not (it goes to the log). */
export function toWire(error: unknown): WireError {
  if (!(error instanceof Failure)) {
    return { kind: 'bug', message: error instanceof Error ? error.message : String(error) };
  }
  return failureToWire(error);
}

/** The same of what is known to be a failure. */
export function failureToWire({ code, message, hint, place, exitCode }: Failure): WireFailure {
  return { kind: 'failure', code, message, hint: hint ?? null, place: place ?? null, exitCode };
}

/** The failure as it was thrown on the other side; a bug becomes `internal-error`. */
export function fromWire(error: WireError): Failure {
  if (error.kind === 'bug') {
    return new Failure('internal-error', `This is a bug in lora, not your fault: ${error.message}`, {
      hint: 'Please report it with the lines of the log.',
      exitCode: 3,
    });
  }
  const { code, message, hint, place, exitCode } = error;
  return new Failure(code, message, {
    exitCode,
    ...(hint === null ? {} : { hint }),
    ...(place === null ? {} : { place }),
  });
}
