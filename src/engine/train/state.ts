import type { DataCursor } from '../data/batches';
import { zeroMoments } from '../optim/adamw';
import type { Moments } from '../optim/adamw';
import type { LossScale } from './lossScale';

/** A tensor that is trained, with its optimizer state. */
export interface TrainedTensor {
  /** As an input of the training graph. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly moments: Moments;
  /** Whether weight decay applies: as in Transformers' Trainer not to biases and norms. */
  readonly decays: boolean;
}

export interface Evaluated {
  readonly loss: number;
  readonly accuracy: number;
}

/** Everything that a run must know to go on after step `step` as if it had never stopped. */
export interface Progress {
  readonly step: number;
  readonly cursor: DataCursor | undefined;
  /** Tokens seen, without padding. */
  readonly tokens: number;
  /** Of the last step. */
  readonly loss: number | undefined;
  readonly lastEval: Evaluated | undefined;
  readonly best: { readonly step: number; readonly loss: number } | undefined;
  readonly evalsSinceBest: number;
  /** The run was stopped while it evaluated after step `step`: its continuation begins with that evaluation. */
  readonly evaluationDue: boolean;
  /** Of a run in half precision. */
  readonly lossScale?: LossScale | undefined;
  /** Names of the tensors that have not had a gradient other than zero yet. */
  readonly withoutGradient: readonly string[];
}

export interface TrainingState {
  readonly tensors: readonly TrainedTensor[];
  progress: Progress;
}

/** Steps that changed the tensors. */
export function updatesOf({ step, lossScale }: Pick<Progress, 'step' | 'lossScale'>): number {
  return step - (lossScale?.skippedSteps ?? 0);
}

/** The state before the first step, from starting values. */
export function initialState(
  tensors: readonly { name: string; shape: readonly number[]; values: Float32Array; decays: boolean }[],
  mustGetGradient: readonly string[],
  lossScale?: LossScale,
): TrainingState {
  return {
    tensors: tensors.map((tensor) => ({ ...tensor, moments: zeroMoments(tensor.values.length) })),
    progress: {
      step: 0,
      cursor: undefined,
      tokens: 0,
      loss: undefined,
      lastEval: undefined,
      best: undefined,
      evalsSinceBest: 0,
      evaluationDue: false,
      lossScale,
      withoutGradient: mustGetGradient,
    },
  };
}

/** The state as it is now, whatever later steps change. */
export function copyState({ tensors, progress }: TrainingState): TrainingState {
  const copied = tensors.map((tensor) => ({
    ...tensor,
    values: tensor.values.slice(),
    moments: { first: tensor.moments.first.slice(), second: tensor.moments.second.slice() },
  }));
  return { tensors: copied, progress };
}
