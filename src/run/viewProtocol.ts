import type { RunState } from './runState';
import type { StepEvent, TrainingEvent } from './trainingEvent';

/** The messages between the extension and the dashboard. The extension owns the run; the dashboard shows it. */

/** What is kept of every step, a column each. */
export const stepColumns = [
  'step',
  'epoch',
  'loss',
  'learning_rate',
  'grad_norm',
  'mean_token_accuracy',
  'num_tokens',
  'tokens_per_second',
  'eta_seconds',
  'memory_bytes',
] as const satisfies readonly (keyof StepEvent)[];

export type StepColumn = (typeof stepColumns)[number];

/** Steps as columns of equal length: a tenth of the bytes of as many objects. What is not a number is NaN. */
export type PackedSteps = Readonly<Record<StepColumn, Float64Array>>;

/** Which of the two runs on a dashboard: its own, or the one laid over it. */
export type Slot = 'main' | 'overlay';

/** `interrupted`: its process ended without saying so. `elsewhere`: another process is training it. */
export type ShownStatus = RunState['status'] | 'interrupted' | 'elsewhere';

/** One entry of the list of runs to compare with. */
export interface RunChoice {
  readonly folder: string;
  readonly label: string;
}

/** Everything about a run at once. `rest.steps` is empty: they are in `steps`. */
export interface HydrateMessage {
  readonly type: 'hydrate';
  readonly slot: Slot;
  readonly folder: string;
  /** Counts the hydrations of this slot; what was appended to an earlier one does not count any more. */
  readonly generation: number;
  readonly status: ShownStatus;
  readonly rest: RunState;
  readonly steps: PackedSteps;
}

/** What happened since; `sequence` counts the appends of this generation from 0. */
export interface AppendMessage {
  readonly type: 'append';
  readonly slot: Slot;
  readonly generation: number;
  readonly sequence: number;
  readonly events: readonly TrainingEvent[];
}

export type ToDashboard =
  | HydrateMessage
  | AppendMessage
  | { readonly type: 'cleared'; readonly slot: Slot }
  | { readonly type: 'choices'; readonly runs: readonly RunChoice[] }
  /** Bring a part of the page into view; sent after a hydration. */
  | { readonly type: 'reveal'; readonly part: 'changes' }
  /** A sentence for the user: what was asked for did not work. */
  | { readonly type: 'problem'; readonly message: string };

export type FromDashboard =
  /** The page can show something, or missed something: hydrate it. `overlay` is the run it showed over its own. */
  | { readonly type: 'ready'; readonly overlay: string | null }
  | { readonly type: 'stop' | 'pause' | 'resume' | 'exportCsv' | 'showAdapter' }
  | { readonly type: 'overlay'; readonly folder: string | null }
  | { readonly type: 'exportPng'; readonly png: Uint8Array };

/** What a dashboard remembers over a reload of the window; VS Code stores it. */
export interface DashboardMemory {
  readonly folder: string;
  readonly overlay: string | null;
  readonly logScale: boolean;
  /** Half-life of the smoothed loss, in steps; 0 is none. */
  readonly smoothing: number;
}

export function packSteps(steps: readonly StepEvent[]): PackedSteps {
  const pack = (column: StepColumn): Float64Array => Float64Array.from(steps, (step) => stepValue(step, column));
  return Object.fromEntries(stepColumns.map((column) => [column, pack(column)])) as Record<StepColumn, Float64Array>;
}

/** One number of a step. JSON has no NaN: files and messages say null for a loss that is not a number. */
export function stepValue(step: Readonly<Record<StepColumn, number | null>>, column: StepColumn): number {
  return step[column] ?? Number.NaN;
}

const asks = new Set(['stop', 'pause', 'resume', 'exportCsv', 'showAdapter']);

/** A message from a page, checked: a page is outside of the extension's process. */
export function readFromDashboard(value: unknown): FromDashboard | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  const message = value as Readonly<Record<string, unknown>>;
  const type = message['type'];
  if (typeof type !== 'string') return undefined;
  if (asks.has(type)) return { type } as FromDashboard;
  if (type === 'ready') return { type, overlay: textOrNull(message['overlay']) };
  if (type === 'overlay') return { type, folder: textOrNull(message['folder']) };
  if (type === 'exportPng' && message['png'] instanceof Uint8Array) return { type, png: message['png'] };
  return undefined;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** What VS Code stored of a dashboard, or undefined where that is not from a dashboard. */
export function readMemory(value: unknown): DashboardMemory | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const memory = value as Readonly<Record<string, unknown>>;
  if (typeof memory['folder'] !== 'string') return undefined;
  const smoothing = memory['smoothing'];
  return {
    folder: memory['folder'],
    overlay: textOrNull(memory['overlay']),
    logScale: memory['logScale'] === true,
    smoothing: typeof smoothing === 'number' && smoothing >= 0 ? smoothing : defaultSmoothing,
  };
}

/** Steps after which the smoothed loss has forgotten half of a value. */
export const defaultSmoothing = 10;
