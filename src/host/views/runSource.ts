import type { RunSummary } from '../../run/answers';
import type { RunState } from '../../run/runState';
import type { TrainingEvent } from '../../run/trainingEvent';

/** Where dashboards get runs from, and whom they ask to stop them. Folders are absolute paths of run folders. */
export interface RunSource {
  /** The state of a run that this window trains or has trained; undefined for others. */
  state(folder: string): RunState | undefined;
  /** Reads a run from its folder. Rejects with a Failure. */
  load(folder: string): Promise<RunState>;
  runs(): Promise<readonly RunSummary[]>;
  /** When a listener hears of events, `state` knows them already. */
  onDidChange(listener: (folder: string, events: readonly TrainingEvent[]) => void): { dispose(): void };
  stop(folder: string): void;
  pause(folder: string): void;
  resume(folder: string): void;
}
