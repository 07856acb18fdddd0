import { Failure } from '../../failure/failure';

const initFrom = { path: 'lora.init_from' };

/** `detail` is half a sentence: what about the adapter's tensors is other than the recipe's. */
export const initFromMisfit = (folder: string, detail: string): Failure =>
  new Failure('init-from-misfit', `The adapter in ${folder} cannot be the start of this recipe: ${detail}.`, {
    hint: 'Use the same base model, and let lora.r, target_modules, bias and modules_to_save match its adapter_config.json.',
    place: initFrom,
  });

export const adapterMisfit = (folder: string, detail: string, base: string | null): Failure =>
  new Failure('adapter-misfit', `The adapter in ${folder} was not made for this base model: ${detail}.`, {
    hint:
      base === null
        ? 'Give the base model that it was trained on with --base-model.'
        : `Its adapter_config.json names "${base}" as its base model: give that one with --base-model.`,
    place: { file: folder },
  });

export const oneAdapter = (): Failure =>
  new Failure('one-adapter-only', 'Only one adapter at a time can be attached yet.', {
    hint: 'Name a single --adapter.',
    exitCode: 2,
  });

export const noChatTemplate = (model: string): Failure =>
  new Failure('chat-template-missing', 'This model has no chat template, so it cannot be asked with --chat.', {
    hint: 'Leave --chat out, or use an instruct or chat model.',
    place: { file: model },
  });

export const promptEmpty = (): Failure =>
  new Failure('prompt-empty', 'The prompt has no token for the model to continue.', {
    hint: 'Give a prompt with --prompt TEXT.',
    exitCode: 2,
  });

export const evaluationMasked = (file: string, rows: number): Failure =>
  new Failure(
    'evaluation-all-masked',
    `Nothing can be measured on the ${rows === 1 ? 'row that is' : `${rows} rows that are`} set aside for evaluation: ` +
      'every token of an answer is masked or cut off.',
    {
      hint: 'Set dataset.eval_split to 0, raise dataset.max_length, or name another file in dataset.eval_path.',
      place: { file },
    },
  );

export const quantizationNeedsProcessor = (quantization: string, device: string): Failure =>
  new Failure(
    'quantization-needs-cpu',
    `Weights in ${quantization} can be computed with on the processor only, not on "${device}".`,
    {
      hint: 'Set engine.device to "cpu", or engine.quantization to "none".',
      place: { path: 'engine.quantization' },
    },
  );
