/** One row of the dataset as the model sees it. */
export interface Example {
  /** Token ids, at most `maxLength`. */
  readonly ids: Int32Array;
  /**
   * 1 where this token is a target of the loss, else 0; as long as `ids`. `supervised[0]` is never used, as
   * nothing predicts the first token.
   */
  readonly supervised: Uint8Array;
  /** 0-based number of the row in its file; −1 in a file so large that its rows are not counted. */
  readonly row: number;
  /** 1-based line in the file, where the file has lines and the number is known. */
  readonly line?: number;
}

/** An example with its place in the (shuffled) order of one epoch. */
export interface EpochExample extends Example {
  /** 0-based place among all rows of the epoch, those without a supervised token included. */
  readonly position: number;
}

/** How many tokens of an example are targets of the loss: the first one never is. */
export function countSupervised(supervised: Uint8Array): number {
  let count = 0;
  for (let index = 1; index < supervised.length; index++) count += supervised[index]!;
  return count;
}
