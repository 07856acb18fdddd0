import { fieldRules, quantized, schedule, steps, targets, warmupSteps } from '../rules';
import type { Rule, Rules, Translation } from '../translation';

/** `epoch` and the like; `no` switches the evaluation off. */
const evaluationStrategy: Rule = (setting, translation) => {
  if (setting.value === 'no' || setting.value === false) translation.keep(setting, 'dataset.eval_split', 0);
  else if (setting.value === 'steps') translation.imply(setting);
  else {
    translation.drop(
      setting,
      'Progress is measured every so many steps, not once an epoch.',
      'Write the number of steps of an epoch, which `lora plan` says, into `training.eval_steps`.',
    );
  }
};

const saveStrategy: Rule = (setting, translation) => {
  if (setting.value === 'steps') translation.imply(setting);
  else if (setting.value === 'no' || setting.value === false) {
    translation.drop(setting, 'Checkpoints are always kept, so that an interrupted run can go on.');
  } else {
    translation.drop(
      setting,
      'Checkpoints come every `training.save_steps` and whenever a run is stopped.',
      'Write the number of steps of an epoch, which `lora plan` says, into `training.save_steps`.',
    );
  }
};

/** Fields of Transformers' TrainingArguments, with the names of earlier versions. */
export const trainerRules: Rules = {
  ...fieldRules('TrainingArguments', 'former'),
  lr_scheduler_type: schedule,
  warmup_steps: warmupSteps,
  eval_strategy: evaluationStrategy,
  evaluation_strategy: evaluationStrategy,
  save_strategy: saveStrategy,
  eval_steps: steps('training.eval_steps'),
  save_steps: steps('training.save_steps'),
  logging_steps: steps('training.logging_steps'),
  early_stopping_patience: (setting, translation) => translation.keep(setting, 'training.early_stopping_patience'),
};

/** Fields of TRL's SFTConfig, ModelConfig and ScriptArguments on top of the trainer's. */
export const sftRules: Rules = {
  ...trainerRules,
  ...fieldRules('SFTConfig'),
  assistant_only_loss: (setting, translation) => translation.keep(setting, 'dataset.completion_only_loss'),
  dataset_text_field(setting, translation) {
    if (setting.value === 'text') translation.imply(setting);
    else translation.keep(setting, 'dataset.columns', { text: setting.value });
  },
};

export const modelRules: Rules = {
  ...fieldRules('ModelConfig'),
  lora_target_modules(setting, translation) {
    // On a command line one name is no list yet; what looks like a regular expression stays one.
    const isName = typeof setting.value === 'string' && /^[\w.]+$/.test(setting.value);
    targets('all-linear')(isName ? { ...setting, value: [setting.value] } : setting, translation);
  },
  load_in_4bit: quantized(4),
  load_in_8bit: quantized(8),
  use_peft(setting, translation) {
    if (setting.value === true) translation.imply(setting);
    else translation.keep(setting, 'method', 'full');
  },
};

/** What Transformers' trainer does where nothing is said and a recipe would do something else. */
export function assumeTrainerDefaults(translation: Translation, whose: string, learningRate = 5e-5): void {
  const comment = `${whose} default`;
  translation.assume('training.per_device_train_batch_size', 8, comment);
  translation.assume('training.learning_rate', learningRate, comment);
  translation.assume('training.lr_scheduler_type', 'linear', comment);
  if (!translation.written.has('training.warmup_steps')) translation.assume('training.warmup_ratio', 0, comment);
}
