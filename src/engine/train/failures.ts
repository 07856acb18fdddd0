import { Failure } from '../../failure/failure';

export const lossNotFinite = (
  step: number,
  what: 'loss' | 'gradient norm' | 'loss on the evaluation rows',
  checkpoint: string,
  isHalf: boolean,
): Failure =>
  new Failure('training-diverged', `In step ${step} the ${what} was not a finite number, so training was stopped.`, {
    hint:
      `The last good state is kept in ${checkpoint}. ` +
      (isHalf
        ? 'In fp16 no number is larger than 65504, and some models compute larger ones: set engine.precision to "fp32" and train again.'
        : 'Lower training.learning_rate (a tenth is a good try) and train again.'),
    exitCode: 3,
  });

export const lossScaleCollapsed = (step: number, checkpoint: string): Failure =>
  new Failure(
    'loss-scale-collapsed',
    `In step ${step} gradients were too large for fp16 although the loss was not scaled any more, so training was stopped.`,
    {
      hint: `The last good state is kept in ${checkpoint}. Set engine.precision to "fp32", or lower training.learning_rate, and train again.`,
      exitCode: 3,
    },
  );

export const noGradient = (modules: readonly string[]): Failure =>
  new Failure(
    'adapter-without-gradient',
    `After two steps ${list(modules)} had no gradient, so the adapter could not have changed anything there.`,
    {
      hint: 'Take these layers out of lora.target_modules, or check that the base model uses them.',
      exitCode: 3,
    },
  );

export const adapterUnchanged = (modules: readonly string[]): Failure =>
  new Failure('adapter-unchanged', `Training did not change ${list(modules)}.`, {
    hint: 'Raise training.learning_rate or train more steps; an adapter with unchanged layers does less than it says.',
    exitCode: 3,
  });

export const adapterWithoutEffect = (difference: number, rounding: number): Failure =>
  new Failure(
    'adapter-without-effect',
    `The trained adapter does not change what the model says: logits differ by ${difference.toExponential(1)}, ` +
      `rounding alone makes up to ${rounding.toExponential(1)}.`,
    { hint: 'Raise training.learning_rate or lora.lora_alpha, or train more steps.', exitCode: 3 },
  );

export const adapterNotFinite = (): Failure =>
  new Failure('training-diverged', 'With the trained adapter the model computes no finite numbers any more.', {
    hint: 'Lower training.learning_rate (a tenth is a good try) and train again; nothing was written to the output folder.',
    exitCode: 3,
  });

export const outOfMemory = (rows: number, length: number, cause: unknown): Failure =>
  new Failure('out-of-memory', `There is not enough memory for a step of ${rows} rows of ${length} tokens.`, {
    hint: 'Lower training.per_device_train_batch_size (and raise gradient_accumulation_steps), set training.gradient_checkpointing to true, or lower dataset.max_length.',
    place: { path: 'training.per_device_train_batch_size' },
    exitCode: 3,
    cause,
  });

export const noTrainingSteps = (): Failure =>
  new Failure('no-training-steps', 'The recipe asks for no optimizer step at all.', {
    hint: 'Set training.max_steps or training.num_train_epochs to more than 0.',
    place: { path: 'training.max_steps' },
  });

function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
