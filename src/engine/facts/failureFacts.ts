import { Failure } from '../../failure/failure';
import type { FailureFacts, Unread } from '../../recipe/facts';

/** A failure as a plain value. */
export function failureFacts({ code, message, hint, place }: Failure): FailureFacts {
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(place?.path === undefined ? {} : { path: place.path }),
    ...(place?.file === undefined ? {} : { file: place.file }),
    ...(place?.line === undefined ? {} : { line: place.line }),
  };
}

/** Facts, or why there are none. Anything but an expected failure is thrown. */
export async function unlessFailure<T>(work: () => Promise<T> | T): Promise<T | Unread> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) return { failure: failureFacts(error) };
    throw error;
  }
}
