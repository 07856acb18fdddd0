import { Failure } from '../../../failure/failure';

export const exportFormatUnknown = (format: string, known: readonly string[]): Failure =>
  new Failure('export-format-unknown', `There is no export format "${format}".`, {
    hint: `Known: ${known.join(', ')}.`,
    exitCode: 2,
  });

export const exportOutputExists = (output: string): Failure =>
  new Failure('export-output-exists', `There is something in ${output} already, and it stays as it is.`, {
    hint: 'Choose another --output, or replace it with --overwrite.',
    place: { file: output },
    exitCode: 2,
  });

/** `what` is `the base model` or `the adapter`. */
export const exportOutputTaken = (output: string, what: string): Failure =>
  new Failure('export-output-taken', `Nothing can be written to ${output}: ${what} lies there.`, {
    hint: 'Choose an --output beside it.',
    place: { file: output },
    exitCode: 2,
  });

/** `what` is what the format cannot hold, as after "holds". */
export const exportNeedsMerge = (format: string, what: string): Failure =>
  new Failure('export-needs-merge', `This adapter holds ${what}, which the format ${format} has no place for.`, {
    hint: 'Merge it into its base model (`lora merge`) and use the merged model there.',
  });

export const exportDiffers = (format: string, what: string): Failure =>
  new Failure(
    'export-differs',
    `What was written as ${format} is not the same adapter when it is read again: ${what}.`,
    {
      hint: 'Nothing was kept. Please report it with the adapter_config.json.',
      exitCode: 3,
    },
  );
