import type { Plan } from './plan';
import type {
  CancelledEvent,
  CheckpointEvent,
  ErrorEvent,
  EvalEvent,
  FinishedEvent,
  ProofEvent,
  SampleEvent,
  StepEvent,
  TrainingEvent,
  WarningEvent,
} from './trainingEvent';

export type RunStatus = 'waiting' | 'running' | 'paused' | 'cancelled' | 'finished' | 'failed';

/** All that is known of a run: tree, dashboard and command line are projections of it. */
export interface RunState {
  readonly status: RunStatus;
  /** Run id and folder; null before `started`. */
  readonly run: string | null;
  readonly folder: string | null;
  readonly plan: Plan | null;
  /** The last finished step, and the steps of the whole run (0 before it is known). */
  readonly step: number;
  readonly total_steps: number;
  /** Where the run was continued, latest last. */
  readonly resumed_at: readonly number[];
  readonly steps: readonly StepEvent[];
  readonly evals: readonly EvalEvent[];
  readonly samples: readonly SampleEvent[];
  readonly checkpoints: readonly CheckpointEvent[];
  readonly warnings: readonly WarningEvent[];
  readonly proof: ProofEvent | null;
  readonly finished: FinishedEvent | null;
  readonly cancelled: CancelledEvent | null;
  readonly error: ErrorEvent | null;
}

export const emptyRun: RunState = {
  status: 'waiting',
  run: null,
  folder: null,
  plan: null,
  step: 0,
  total_steps: 0,
  resumed_at: [],
  steps: [],
  evals: [],
  samples: [],
  checkpoints: [],
  warnings: [],
  proof: null,
  finished: null,
  cancelled: null,
  error: null,
};

type Draft = {
  -readonly [Key in keyof RunState]: RunState[Key] extends readonly (infer Item)[] ? Item[] : RunState[Key];
};
type Reaction<Type> = (run: Draft, event: Extract<TrainingEvent, { type: Type }>) => void;

/** What each event changes. */
const reactions: { readonly [Type in TrainingEvent['type']]: Reaction<Type> } = {
  plan(run, event) {
    run.plan = event;
    if (run.total_steps === 0) run.total_steps = event.data.total_steps;
  },
  started(run, event) {
    Object.assign(run, { status: 'running', run: event.run, folder: event.folder, total_steps: event.total_steps });
    Object.assign(run, { finished: null, cancelled: null, error: null });
  },
  resumed(run, { step }) {
    // What was done after the checkpoint is done again: kept, it would stand in the charts twice.
    const isKept = (event: { readonly step: number }): boolean => event.step <= step;
    run.resumed_at.push(step);
    run.step = step;
    run.steps = run.steps.filter(isKept);
    run.evals = run.evals.filter(isKept);
    // Those of before the first step are made again with it.
    run.samples = step === 0 ? [] : run.samples.filter(isKept);
    run.checkpoints = run.checkpoints.filter(isKept);
  },
  step(run, event) {
    run.status = 'running';
    run.step = event.step;
    run.steps.push(event);
  },
  eval: (run, event) => void run.evals.push(event),
  sample(run, event) {
    // A run that is resumed at step 0 shows that step's texts again.
    const { step, prompt } = event;
    run.samples = [...run.samples.filter((known) => known.step !== step || known.prompt !== prompt), event];
  },
  checkpoint: (run, event) => void run.checkpoints.push(event),
  warning: (run, event) => void run.warnings.push(event),
  paused(run) {
    run.status = 'paused';
  },
  cancelled(run, event) {
    run.status = 'cancelled';
    run.cancelled = event;
  },
  proof(run, event) {
    run.proof = event;
  },
  finished(run, event) {
    run.status = 'finished';
    run.finished = event;
  },
  error(run, event) {
    run.status = 'failed';
    run.error = event;
  },
};

/**
 * The state after some events. `state` is left as it is; its lists are copied once per call, so that a caller with
 * many events hands them over together.
 */
export function applyEvents(state: RunState, events: readonly TrainingEvent[]): RunState {
  const draft: Draft = {
    ...state,
    resumed_at: [...state.resumed_at],
    steps: [...state.steps],
    evals: [...state.evals],
    samples: [...state.samples],
    checkpoints: [...state.checkpoints],
    warnings: [...state.warnings],
  };
  for (const event of events) react(draft, event);
  return draft;
}

function react(draft: Draft, event: TrainingEvent): void {
  // Undefined only for an event that a newer engine wrote into `metrics.jsonl`.
  const reaction = reactions[event.type] as Reaction<TrainingEvent['type']> | undefined;
  reaction?.(draft, event);
}

/**
 * The loss without its jumps from batch to batch: an exponential moving average, corrected for its start, that
 * forgets half of a value after `halfLife` steps. Same length as `losses`.
 */
export function smoothed(losses: readonly number[], halfLife = 10): readonly number[] {
  const keep = 0.5 ** (1 / halfLife);
  let sum = 0;
  let weight = 0;
  return losses.map((loss) => {
    sum = keep * sum + (1 - keep) * loss;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}
