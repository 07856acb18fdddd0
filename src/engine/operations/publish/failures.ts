import { Failure } from '../../../failure/failure';

export const publishNeedsBase = (folder: string, named: string | null): Failure =>
  new Failure(
    'publish-needs-base-id',
    named === null
      ? `The adapter in ${folder} does not say which base model it was trained on, so nobody could use it.`
      : `The adapter calls its base model "${named}", which means something on this computer only.`,
    {
      hint: 'Say where the base model is on the hub: --base-model owner/name. Your folder stays as it is.',
      place: { file: folder },
      exitCode: 2,
    },
  );

export const publishBaseInvalid = (text: string): Failure =>
  new Failure('publish-base-invalid', `"${text}" is no id of a model on the hub.`, {
    hint: 'An id looks like HuggingFaceTB/SmolLM2-135M-Instruct: the last two parts of the address of its page.',
    exitCode: 2,
  });
