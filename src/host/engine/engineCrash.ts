/**
 * The engine process ended without being asked to: a signal, too little memory, a bug in native code. Runs keep their
 * last checkpoint; nothing is started again by itself.
 */
export class EngineCrash extends Error {
  override readonly name = 'EngineCrash';
  /** What the user can do now. */
  readonly hint: string;

  constructor(
    message: string,
    /** What the process said last, oldest first: at most 20 lines of its output and log. */
    readonly lastLines: readonly string[],
    /** Null where a signal ended the process or it never started. */
    readonly exitCode: number | null = null,
    readonly signal: string | null = null,
  ) {
    super(message);
    this.hint = isShortOfMemory(lastLines, signal)
      ? 'The memory probably ran out. Close other programs and resume the run; if it happens again, train anew with a smaller batch, a shorter max_length or a smaller model.'
      : 'The run can be resumed from its last checkpoint; the log says more.';
  }
}

/** Linux ends what needs too much memory with SIGKILL; Node and native code say so themselves. */
function isShortOfMemory(lines: readonly string[], signal: string | null): boolean {
  return signal === 'SIGKILL' || lines.some((line) => /out of memory|bad_alloc|failed to allocate/i.test(line));
}
