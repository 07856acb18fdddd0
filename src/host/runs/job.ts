import type { Failure } from '../../failure/failure';
import type { RunState } from '../../run/runState';
import type { TrainingEvent } from '../../run/trainingEvent';
import type { EngineClient, TrainingHandle, TrainRequest } from '../engine/engineClient';
import type { EngineCrash } from '../engine/engineCrash';

/**
 * Where a job stands: `waiting` for its turn, `preparing` until the first step, `pausing` and `stopping` until the
 * engine has ended its step.
 */
export type JobPhase = 'waiting' | 'preparing' | 'running' | 'pausing' | 'paused' | 'stopping' | 'over';

export type JobEnd =
  | { readonly kind: 'finished' | 'cancelled' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'crashed'; readonly crash: EngineCrash }
  | { readonly kind: 'broken'; readonly error: unknown };

/** One call for training, from the moment it is asked for until it is over. */
export interface Job {
  /** Counts the jobs of a window. */
  readonly id: number;
  readonly request: TrainRequest;
  /** What people call it: the run's name, before it is known the recipe's file name. */
  readonly name: string;
  readonly phase: JobPhase;
  readonly state: RunState;
  /** Absolute path of the run's folder; null before it is made. */
  readonly folder: string | null;
  /** How it ended; never rejects. */
  readonly end: Promise<JobEnd>;
}

/** What the service alone changes. */
export interface OpenJob extends Job {
  request: TrainRequest;
  name: string;
  phase: JobPhase;
  state: RunState;
  folder: string | null;
  /** What was said before the run had a folder: `onDidChange` names runs by their folders. */
  early: TrainingEvent[];
  /** Heard, but not yet part of `state`. */
  pending: TrainingEvent[];
  /** The next hand-over of `pending`. */
  timer: NodeJS.Timeout | undefined;
  client: EngineClient | undefined;
  handle: TrainingHandle | undefined;
  settle(end: JobEnd): void;
}
