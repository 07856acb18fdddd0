import type { Plan } from './plan';

/** The plan that the run follows: its fields lie beside `type`, as `lora plan --json` prints them. */
export interface PlanEvent extends Plan {
  readonly type: 'plan';
}

export interface StartedEvent {
  readonly type: 'started';
  /** Run id, the name of its folder under `.lora/runs`. */
  readonly run: string;
  /** Absolute path of that folder. */
  readonly folder: string;
  /** Optimizer steps of the whole run. */
  readonly total_steps: number;
}

/** Follows `started` when the run continues an earlier one; the next step is `step + 1`. */
export interface ResumedEvent {
  readonly type: 'resumed';
  readonly run: string;
  readonly step: number;
  /** Folder of the checkpoint; null when the run had none and starts at step 0. */
  readonly checkpoint: string | null;
}

/** One optimizer step. */
export interface StepEvent {
  readonly type: 'step';
  readonly step: number;
  /** Passes over the data so far, with fraction. */
  readonly epoch: number;
  /** Mean over the step's supervised tokens, in nats. */
  readonly loss: number;
  /** The rate used in this step. */
  readonly learning_rate: number;
  /** L2 norm over all trained tensors, before clipping; null in a step that was skipped because fp16 could not hold it. */
  readonly grad_norm: number | null;
  /** By which the loss was multiplied in fp16 while gradients were computed. */
  readonly loss_scale?: number;
  readonly mean_token_accuracy: number;
  /** Tokens seen since the run began, without padding. */
  readonly num_tokens: number;
  readonly tokens_per_second: number;
  readonly eta_seconds: number;
  /** Resident size of the process. */
  readonly memory_bytes: number;
}

export interface EvalEvent {
  readonly type: 'eval';
  readonly step: number;
  readonly epoch: number;
  readonly eval_loss: number;
  readonly eval_mean_token_accuracy: number;
}

/** What the model makes of one of the recipe's `sample_prompts` at this point of the run. */
export interface SampleEvent {
  readonly type: 'sample';
  readonly step: number;
  readonly prompt: string;
  /** The continuation, without the prompt. */
  readonly text: string;
}

export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  readonly path: string;
}

export interface WarningEvent {
  readonly type: 'warning';
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface PausedEvent {
  readonly type: 'paused';
  readonly step: number;
}

/** The user stopped the run; `lora train --resume` continues at `checkpoint`. */
export interface CancelledEvent {
  readonly type: 'cancelled';
  readonly step: number;
  readonly checkpoint: string | null;
}

/** What shows that the adapter changes the model: otherwise the run fails instead of finishing. */
export interface ProofEvent {
  readonly type: 'proof';
  /** Adapted layers, and how many of them were changed by training. */
  readonly modules: number;
  readonly changed_modules: number;
  /** Largest absolute difference between the logits with and without the adapter on a probe text. */
  readonly logits_difference: number;
  /** The same difference that rounding alone could make. */
  readonly rounding: number;
}

export interface FinishedEvent {
  readonly type: 'finished';
  /** Absolute path of the adapter folder. */
  readonly adapter: string;
  /** Optimizer steps of the whole run. */
  readonly steps: number;
  /** The step whose state the adapter holds, where that is not the last one: the recipe keeps the best. */
  readonly best_step?: number;
  /** Of the state that the adapter holds, as `eval_loss` is. */
  readonly loss: number;
  /** Null without an evaluation set. */
  readonly eval_loss: number | null;
}

export interface ErrorEvent {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What a run says while it goes: `lora train --json` prints one a line, `metrics.jsonl` keeps them. */
export type TrainingEvent =
  | PlanEvent
  | StartedEvent
  | ResumedEvent
  | StepEvent
  | EvalEvent
  | SampleEvent
  | CheckpointEvent
  | WarningEvent
  | PausedEvent
  | CancelledEvent
  | ProofEvent
  | FinishedEvent
  | ErrorEvent;
