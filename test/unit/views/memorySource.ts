import { applyEvents, emptyRun } from '../../../src/run/runState';
import type { RunState } from '../../../src/run/runState';
import type { RunSummary } from '../../../src/run/answers';
import type { RunSource } from '../../../src/host/views/runSource';
import type { TrainingEvent } from '../../../src/run/trainingEvent';

type Listener = (folder: string, events: readonly TrainingEvent[]) => void;

/** Runs in memory: live ones get events, stored ones are loaded. Notes what it was asked to do. */
export class MemorySource implements RunSource {
  readonly asked: string[] = [];
  readonly summaries: RunSummary[] = [];
  /** Called while a stored run is being read. */
  whileLoading: () => void = () => undefined;
  private readonly live = new Map<string, RunState>();
  private readonly stored = new Map<string, RunState>();
  private readonly listeners = new Set<Listener>();

  get listenerCount(): number {
    return this.listeners.size;
  }

  happen(folder: string, events: readonly TrainingEvent[]): void {
    this.live.set(folder, applyEvents(this.live.get(folder) ?? this.stored.get(folder) ?? emptyRun, events));
    for (const listener of this.listeners) listener(folder, events);
  }

  store(folder: string, events: readonly TrainingEvent[], status: RunSummary['status'] = 'finished'): void {
    const state = applyEvents(emptyRun, events);
    this.stored.set(folder, state);
    this.summaries.push({
      run: folder.split('/').at(-1)!,
      folder,
      recipe: '/w/a.lora.json',
      name: state.plan?.name ?? 'run',
      status,
      step: state.step,
      total_steps: state.total_steps,
      loss: null,
      started: '2026-01-02T03:04:05.000Z',
      resumable: status !== 'finished',
      adapter: null,
    });
  }

  state(folder: string): RunState | undefined {
    return this.live.get(folder);
  }
  load(folder: string): Promise<RunState> {
    this.whileLoading();
    const state = this.stored.get(folder);
    return state === undefined ? Promise.reject(new Error('This run is gone.')) : Promise.resolve(state);
  }
  runs(): Promise<readonly RunSummary[]> {
    return Promise.resolve(this.summaries);
  }
  onDidChange(listener: Listener): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }
  stop(folder: string): void {
    this.asked.push(`stop ${folder}`);
  }
  pause(folder: string): void {
    this.asked.push(`pause ${folder}`);
  }
  resume(folder: string): void {
    this.asked.push(`resume ${folder}`);
  }
}
