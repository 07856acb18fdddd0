import { Failure } from '../../failure/failure';

const initFrom = { path: 'lora.init_from' };

export const initFromLacks = (folder: string, name: string, side: 'adapter' | 'recipe' = 'adapter'): Failure =>
  side === 'adapter'
    ? new Failure('init-from-lacks', `The adapter in ${folder} has no "${name}", which this recipe trains.`, {
        hint: 'Let lora.target_modules, layers_to_transform and modules_to_save match those in its adapter_config.json.',
        place: initFrom,
      })
    : new Failure('init-from-lacks', `The adapter in ${folder} holds "${name}", which this recipe does not train.`, {
        hint: 'Let lora.target_modules, bias and modules_to_save match those in its adapter_config.json.',
        place: initFrom,
      });

export const initFromDiffers = (
  folder: string,
  name: string,
  actual: readonly number[],
  expected: readonly number[],
): Failure =>
  new Failure(
    'init-from-differs',
    `In the adapter in ${folder} "${name}" has shape [${actual.join(', ')}], this recipe trains [${expected.join(', ')}].`,
    {
      hint: 'Set lora.r (or rank_pattern) as in its adapter_config.json, and use the same base model.',
      place: initFrom,
    },
  );

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
