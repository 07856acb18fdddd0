import vm from 'node:vm';

/** What `withTimeLimit` gives for work that was stopped. */
export const tooSlow = Symbol('too slow');

/** On a busy machine the clock goes on while nothing is computed: then the work gets another chance. */
const chances = 20;

/**
 * The result of work that may never end, such as a regular expression that goes back and forth, or `tooSlow` once
 * `milliseconds` are over. The engine's own watchdog stops it, inside of an expression too. Only for work that may be
 * cut off anywhere: that changes nothing but what it makes itself.
 */
export function withTimeLimit<T>(milliseconds: number, work: () => T): T | typeof tooSlow {
  for (let chance = 0; chance < chances; chance++) {
    const before = process.cpuUsage();
    try {
      return vm.runInNewContext('work()', { work }, { timeout: milliseconds }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    }
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 >= milliseconds / 2) break;
  }
  return tooSlow;
}
