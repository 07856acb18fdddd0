import type { RunRecord } from '../checkpoint/runFolder';
import { scheduleFactor } from '../optim/schedule';
import { noTrainingSteps } from '../train/failures';
import type { TrainingSettings } from '../train/settings';
import type { Prepared } from './prepare';

/** The recipe's `training` section as the loop wants it, with what was decided when the run began. */
export function settingsOf({ loaded, adapter }: Prepared, record: RunRecord): TrainingSettings {
  const { training } = loaded.recipe;
  if (record.total_steps <= 0) throw noTrainingSteps();
  return {
    seed: training.seed,
    totalSteps: record.total_steps,
    rowsPerEpoch: record.decided.rows_per_epoch,
    learningRate: training.learning_rate,
    schedulerType: training.lr_scheduler_type,
    // As in Transformers' Trainer: a number of steps wins over a share, which is rounded up.
    warmupSteps: training.warmup_steps ?? Math.ceil(training.warmup_ratio * record.total_steps),
    adamw: {
      beta1: training.adam_beta1,
      beta2: training.adam_beta2,
      epsilon: training.adam_epsilon,
      weightDecay: training.weight_decay,
    },
    maxGradNorm: training.max_grad_norm,
    evalSteps: training.eval_steps,
    saveSteps: training.save_steps,
    earlyStoppingPatience: training.early_stopping_patience,
    loadBestModelAtEnd: training.load_best_model_at_end,
    dropout: adapter.dropout,
  };
}

/** Whether any of the first `steps` steps had a learning rate: otherwise nothing can have changed. */
export function couldLearn(
  { learningRate, schedulerType, warmupSteps, totalSteps }: TrainingSettings,
  steps: number,
): boolean {
  if (learningRate === 0) return false;
  for (let step = 0; step < steps; step++) {
    if (scheduleFactor(schedulerType, step, warmupSteps, totalSteps) > 0) return true;
  }
  return false;
}
