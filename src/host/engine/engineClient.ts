import type { Plan } from '../../run/plan';
import type { TrainingEvent } from '../../run/trainingEvent';

export interface TrainRequest {
  /** Absolute path. */
  readonly recipeFile: string;
  /** Run id, or `latest` for this recipe's latest run. */
  readonly resume?: string;
  /** `KEY=VALUE`, as after `lora train --set`. */
  readonly overrides?: readonly string[];
}

export interface TrainingHandle {
  /**
   * How the run ended. Rejects with the engine's `Failure` (a bug is `internal-error`, its stack is in the log) or with
   * `EngineCrash` when the process ended unasked.
   */
  readonly done: Promise<'finished' | 'cancelled'>;
  /**
   * Ends the run: cancel, which keeps a checkpoint, and where that is not heeded in time SIGTERM, then SIGKILL
   * (`StopTimes`). Resolves when the run is over, however it ended; `done` is `cancelled` unless it came to its end.
   */
  stop(): Promise<void>;
  /** Holds the run after its step; the event `paused` tells when. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** One engine process. It trains one run at a time. */
export interface EngineClient {
  train(request: TrainRequest, onEvent: (event: TrainingEvent) => void): TrainingHandle;
  plan(recipeFile: string, overrides?: readonly string[]): Promise<Plan>;
  /** Ends the process: a run is cancelled and keeps a checkpoint if that takes no longer than `disposeTimes`. */
  dispose(): Promise<void>;
}

export interface EngineOptions {
  /** Absolute path of `dist/engine.js`. */
  readonly engineFile: string;
  /** What the engine prints and logs, line by line. */
  log(line: string): void;
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly stopTimes?: StopTimes;
}

/** How long to wait before the next stronger way to end a run, in milliseconds. */
export interface StopTimes {
  /** From the cancellation to SIGTERM. */
  readonly cancel: number;
  /** From SIGTERM to SIGKILL. */
  readonly terminate: number;
}

/** A cancelled run ends its step first, which may be a long one. */
export const stopTimes: StopTimes = { cancel: 60_000, terminate: 5_000 };

/** VS Code gives an extension five seconds to end. */
export const disposeTimes: StopTimes = { cancel: 3_000, terminate: 1_000 };
