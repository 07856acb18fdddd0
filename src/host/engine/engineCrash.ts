/**
 * The engine process ended without being asked to: a signal, too little memory, a bug in native code. Runs keep their
 * last checkpoint; nothing is started again by itself.
 */
export class EngineCrash extends Error {
  override readonly name = 'EngineCrash';
  readonly hint =
    'The run goes on from its last checkpoint when you resume it. The lines above the end are in the log.';

  constructor(
    message: string,
    /** What the process said last, oldest first: at most 20 lines of its output and log. */
    readonly lastLines: readonly string[],
    /** Null where a signal ended the process or it never started. */
    readonly exitCode: number | null,
    readonly signal: string | null,
  ) {
    super(message);
  }
}
