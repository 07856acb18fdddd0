import { Failure } from '../../../failure/failure';

/** `ranks` as they are written, such as "8 and 16". */
export const ranksNotLinear = (ranks: string): Failure =>
  new Failure('ranks-not-linear', `With "linear" all adapters need the same rank in each layer; these have ${ranks}.`, {
    hint: 'Use --combination-type svd, or cat, which is exact.',
    exitCode: 2,
  });

/** `all` is what the adapters' ranks add up to. */
export const svdRankTooLarge = (rank: number, all: number): Failure =>
  new Failure(
    'svd-rank-too-large',
    `A rank of ${rank} would hold nothing but zeros above ${all}, to which the ranks of these adapters add up.`,
    { hint: `Give --svd-rank ${all} at most, or --combination-type cat, which is exact.`, exitCode: 2 },
  );

export const adapterFillsNoSum = (folder: string): Failure =>
  new Failure(
    'adapter-not-summable',
    `The adapter in ${folder} replaces weights of the base model (modules_to_save or bias), which no sum of adapters can hold.`,
    {
      hint: 'Merge it into the base model first (`lora merge`), or combine adapters that only add to weights.',
      place: { file: folder },
      exitCode: 2,
    },
  );
