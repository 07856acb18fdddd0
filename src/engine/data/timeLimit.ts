import vm from 'node:vm';

/** What `withTimeLimit` gives for work that was stopped. */
export const tooSlow = Symbol('too slow');

/**
 * The result of work that may never end, such as a regular expression that goes back and forth, or `tooSlow` once
 * `milliseconds` are over. The engine's own watchdog stops it, inside of an expression too. Only for work that may be
 * cut off anywhere: that changes nothing but what it makes itself.
 */
export function withTimeLimit<T>(milliseconds: number, work: () => T): T | typeof tooSlow {
  try {
    return vm.runInNewContext('work()', { work }, { timeout: milliseconds }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return tooSlow;
    throw error;
  }
}
