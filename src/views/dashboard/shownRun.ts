import { applyEvents } from '../../run/runState';
import type { RunState } from '../../run/runState';
import type { AppendMessage, HydrateMessage, ShownStatus } from '../../run/viewProtocol';
import { StepTable } from './stepTable';

/** A run as this page knows it: a hydration and what was appended since. */
export class ShownRun {
  readonly folder: string;
  readonly table: StepTable;
  private readonly generation: number;
  private sequence = 0;
  private current: RunState;
  private shown: ShownStatus;

  constructor(message: HydrateMessage, smoothing: number) {
    this.folder = message.folder;
    this.generation = message.generation;
    this.current = message.rest;
    this.shown = message.status;
    this.table = new StepTable(message.steps, smoothing);
  }

  /** Everything but the steps. */
  get state(): RunState {
    return this.current;
  }

  get status(): ShownStatus {
    return this.shown;
  }

  get name(): string {
    return this.current.plan?.name ?? this.current.run ?? this.folder.split(/[\\/]/).at(-1) ?? '';
  }

  /** Tells runs of one recipe apart. */
  get runName(): string {
    return this.current.run ?? this.name;
  }

  /** False where something before this message was missed: then only a new hydration helps. */
  append({ generation, sequence, events }: AppendMessage): boolean {
    if (generation < this.generation) return true;
    if (generation > this.generation || sequence !== this.sequence) return false;
    this.sequence++;
    for (const event of events) {
      if (event.type === 'step') this.table.append(event);
      if (event.type === 'resumed') this.table.cutAfter(event.step);
    }
    this.current = { ...applyEvents(this.current, events), steps: [] };
    this.shown = this.current.status;
    return true;
  }
}
