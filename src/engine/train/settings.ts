import type { AdamWOptions } from '../optim/adamw';
import type { SchedulerType } from '../optim/schedule';

/** What the loop needs to know: plain numbers, every `auto` decided, steps counted in optimizer steps. */
export interface TrainingSettings {
  readonly seed: number;
  readonly totalSteps: number;
  /** Rows of one epoch, for the `epoch` that events report. */
  readonly rowsPerEpoch: number;
  readonly learningRate: number;
  readonly schedulerType: SchedulerType;
  readonly warmupSteps: number;
  readonly adamw: AdamWOptions;
  /** Largest norm of the gradients; 0: no clipping. */
  readonly maxGradNorm: number;
  readonly evalSteps: number;
  readonly saveSteps: number;
  /** Evaluations without improvement after which the run ends; `null`: never. */
  readonly earlyStoppingPatience: number | null;
  readonly loadBestModelAtEnd: boolean;
  readonly dropout: number;
}
