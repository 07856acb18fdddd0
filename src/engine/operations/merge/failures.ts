import { Failure } from '../../../failure/failure';

export const mergeContested = (weight: string): Failure =>
  new Failure(
    'merge-contested',
    `These adapters cannot be merged together: more than one of them says what ${weight} shall be.`,
    {
      hint:
        'What is trained in full ("modules_to_save", "bias") cannot be added up. Merge one of them, or train the next ' +
        'adapter on the merged model.',
    },
  );

export const adapterStartsInsideBase = (folder: string, init: string): Failure =>
  new Failure(
    'adapter-starts-inside-base',
    `The adapter in ${folder} was saved for a base model that "${init}" had changed, and that one is not there.`,
    {
      hint:
        'Save it again in Python with path_initial_model_for_weight_conversion, which makes it an adapter of the ' +
        'unchanged base model.',
      place: { file: folder },
    },
  );

export const baseOfAdapterUnknown = (folder: string, named: string | null): Failure =>
  new Failure(
    'base-of-adapter-unknown',
    named === null
      ? `The adapter in ${folder} does not say which base model it was trained on.`
      : `The base model of the adapter in ${folder} was not found: it is called "${named}" there.`,
    { hint: 'Give the folder of the base model with --base-model.', place: { file: folder } },
  );

export const mergeOutputExists = (folder: string): Failure =>
  new Failure('merge-output-exists', `There is a model in ${folder} already, and it stays as it is.`, {
    hint: 'Choose another output folder, or replace the model with --overwrite.',
    place: { file: folder },
    exitCode: 2,
  });

/** `what` is `the base model` or `the adapter`. */
export const mergeOutputTaken = (folder: string, what: string): Failure =>
  new Failure('merge-output-taken', `A merged model cannot be written to ${folder}: ${what} lies there.`, {
    hint: 'Choose a folder beside it.',
    place: { file: folder },
    exitCode: 2,
  });

export const mergeNotFinite = (weight: string, dtype: string): Failure =>
  new Failure('merge-not-finite', `The merged ${weight} has values that ${dtype} cannot hold.`, {
    hint: 'Merge in float32 or bfloat16 (--dtype), or with a smaller weight of the adapter.',
    exitCode: 3,
  });

/** Both are shares, such as 0.002. */
export const mergeDiffers = (difference: number, limit: number): Failure =>
  new Failure(
    'merge-differs',
    `The merged model does not answer as base model and adapter do: its scores differ by ${percent(difference)}, ` +
      `${percent(limit)} at most can come from rounding. Nothing was written.`,
    {
      hint: 'Try float32 (--dtype float32). If it differs then, too, please report it with the model and the adapter_config.json.',
      exitCode: 3,
    },
  );

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
