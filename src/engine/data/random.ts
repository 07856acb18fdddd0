/** Numbers that depend on the seed, the keys and how many were drawn before: on nothing else. */
export interface RandomStream {
  /** 0 … 2³² − 1 */
  uint32(): number;
  /** In [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

export declare function randomStream(seed: number, ...keys: readonly (number | string)[]): RandomStream;
