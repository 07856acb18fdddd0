import { Failure } from '../../failure/failure';

/** What went wrong, and the next step, in one line. */
export function problemText(error: unknown): string {
  if (error instanceof Failure) return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}
