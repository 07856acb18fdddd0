/** A key press within this many milliseconds of the last one is the same: npm passes on what the shell sent already. */
const samePress = 250;
/** A second press within this time means: at once. */
const impatient = 2000;

export type Interruption = 'ask' | 'wait' | 'force';

/**
 * What a signal to stop means. The first asks the running command to stop, which keeps a checkpoint; a second within
 * two seconds or a third forces the end.
 */
export class InterruptCounter {
  #presses = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds on any clock that only goes forwards */
  press(now: number): Interruption {
    const since = now - this.#last;
    if (since < samePress) return 'wait';
    this.#presses++;
    this.#last = now;
    if (this.#presses === 1) return 'ask';
    return this.#presses > 2 || since <= impatient ? 'force' : 'wait';
  }
}
