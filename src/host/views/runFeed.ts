import type { RunSummary } from '../../run/answers';
import type { RunState } from '../../run/runState';
import type { TrainingEvent } from '../../run/trainingEvent';
import { packSteps } from '../../run/viewProtocol';
import type { ShownStatus, Slot, ToDashboard } from '../../run/viewProtocol';
import { Coalescer } from './coalesce';
import type { Clock } from './coalesce';
import { problemText } from './problemText';
import type { RunSource } from './runSource';

/** Keeps one run of one page current: everything when the page asks, then batches of what happens. */
export class RunFeed {
  private readonly batches: Coalescer<TrainingEvent>;
  private readonly subscription: { dispose(): void };
  private generation = 0;
  private sequence = 0;
  /** Where the page's state came from; `none` while it has none or cannot be reached. */
  private shown: 'none' | 'live' | 'disk' = 'none';
  private disposed = false;
  /** What the recipe calls the run, once it was sent. */
  name: string | undefined;

  constructor(
    readonly slot: Slot,
    readonly folder: string,
    private readonly source: RunSource,
    private readonly post: (message: ToDashboard) => void,
    clock: Clock,
  ) {
    this.batches = new Coalescer(clock, (events) => this.append(events));
    this.subscription = source.onDidChange((changed, events) => {
      if (changed === folder) this.changed(events);
    });
  }

  /** Sends the whole run. Rejects with a Failure where the run cannot be read. */
  async hydrate(): Promise<void> {
    this.suspend();
    const generation = this.generation;
    const live = this.source.state(this.folder);
    if (live !== undefined) {
      this.send(live, live.status, 'live');
      return;
    }
    const [state, runs] = await Promise.all([this.source.load(this.folder), this.source.runs()]);
    // The page was hidden, hydrated again or closed meanwhile, or the run began to live.
    if (this.disposed || generation !== this.generation) return;
    const summary = runs.find(({ folder }) => folder === this.folder);
    this.send(state, shownStatus(state, summary), 'disk');
  }

  /** The page is out of reach: says nothing until the next hydration. */
  suspend(): void {
    this.generation++;
    this.shown = 'none';
    this.batches.clear();
  }

  dispose(): void {
    this.disposed = true;
    this.suspend();
    this.subscription.dispose();
  }

  private changed(events: readonly TrainingEvent[]): void {
    if (this.shown === 'live') this.batches.add(events);
    // A run from disk that goes on: what the source knows now is the whole of it.
    else if (this.shown === 'disk') {
      this.hydrate().catch((error: unknown) => this.post({ type: 'problem', message: problemText(error) }));
    }
  }

  private send(state: RunState, status: ShownStatus, from: 'live' | 'disk'): void {
    this.shown = from;
    this.name = state.plan?.name;
    this.sequence = 0;
    this.post({
      type: 'hydrate',
      slot: this.slot,
      folder: this.folder,
      generation: this.generation,
      status,
      rest: { ...state, steps: [] },
      steps: packSteps(state.steps),
    });
  }

  private append(events: readonly TrainingEvent[]): void {
    const { slot, generation } = this;
    this.post({ type: 'append', slot, generation, sequence: this.sequence++, events });
  }
}

/** The status of a run that this window does not train: nobody wrote down that its process was killed. */
export function shownStatus(state: RunState, summary: RunSummary | undefined): ShownStatus {
  const isOver = state.status === 'finished' || state.status === 'cancelled' || state.status === 'failed';
  if (isOver) return state.status;
  return summary?.status === 'running' ? 'elsewhere' : 'interrupted';
}
