import path from 'node:path';
import { Failure } from '../../failure/failure';
import type { RunSummary } from '../../run/answers';
import { errorEvent } from '../../run/failures';
import { applyEvents, emptyRun, type RunState } from '../../run/runState';
import type { TrainingEvent } from '../../run/trainingEvent';
import type { EngineClient, TrainRequest } from '../engine/engineClient';
import { EngineCrash } from '../engine/engineCrash';
import { Signal, type Disposable } from '../signal';
import type { RunSource } from '../views/runSource';
import type { Job, JobEnd, JobPhase, OpenJob } from './job';
import { readRun, readState } from './runFiles';

export interface RunServiceOptions {
  /** Starts an engine process; each run has its own. */
  startEngine(): Promise<EngineClient>;
  /** Folders of the runs on disk, `…/.lora/runs/<id>`. */
  runFolders(): Promise<readonly string[]>;
  /** `--set` for a new run of a recipe, before what is asked for: what the user's settings say. */
  settingsOf?(recipeFile: string): Promise<readonly string[]>;
  /** How many runs may train at the same time. */
  simultaneousRuns(): number;
}

/** Events are handed on together, so that a fast run costs no more than a slow one. Milliseconds. */
const handOver = 50;
/** States of ended runs that stay in memory; older ones are read from disk again. */
const keptStates = 2;

/**
 * Owns the state of every run of this window: a queue of jobs, each trained by an engine process of its own. All that
 * is shown is a projection of it and of the run folders, which the engine alone writes.
 */
export class RunService implements RunSource {
  readonly #options: RunServiceOptions;
  readonly #jobs: OpenJob[] = [];
  readonly #ended = new Map<string, RunState>();
  readonly #changed = new Signal<[folder: string, events: readonly TrainingEvent[]]>();
  readonly #heard = new Signal<[job: Job, events: readonly TrainingEvent[]]>();
  readonly #jobChanged = new Signal<[job: Job]>();
  readonly #jobEnded = new Signal<[job: Job, end: JobEnd]>();
  #nextId = 1;
  #isDisposed = false;

  constructor(options: RunServiceOptions) {
    this.#options = options;
  }

  /** Jobs that are not over, in the order in which they were asked for. */
  get jobs(): readonly Job[] {
    return this.#jobs;
  }

  jobOf(folder: string): Job | undefined {
    return this.#jobs.find((job) => job.folder === folder);
  }

  onDidChange(listener: (folder: string, events: readonly TrainingEvent[]) => void): Disposable {
    return this.#changed.listen(listener);
  }

  /** What a job says, also before its run has a folder. */
  onDidHear(listener: (job: Job, events: readonly TrainingEvent[]) => void): Disposable {
    return this.#heard.listen(listener);
  }

  /** A job was queued, went on, or is over. */
  onDidChangeJob(listener: (job: Job) => void): Disposable {
    return this.#jobChanged.listen(listener);
  }

  onDidEnd(listener: (job: Job, end: JobEnd) => void): Disposable {
    return this.#jobEnded.listen(listener);
  }

  /** Queues a run; it starts as soon as it is its turn. */
  train(request: TrainRequest): Job {
    const job = openJob(this.#nextId++, request);
    if (this.#isDisposed) {
      job.phase = 'over';
      job.settle({ kind: 'cancelled' });
      return job;
    }
    this.#jobs.push(job);
    this.#jobChanged.emit(job);
    this.#startNext();
    return job;
  }

  /** Ends a job: one that waits is forgotten, one that trains keeps a checkpoint. Resolves when it is over. */
  async cancel(job: Job): Promise<void> {
    const open = this.#jobs.find((known) => known === job);
    if (open === undefined) return;
    if (open.phase === 'waiting') {
      this.#finish(open, { kind: 'cancelled' });
    } else if (open.phase !== 'stopping') {
      this.#enter(open, 'stopping');
      await open.handle?.stop();
    }
    await open.end;
  }

  state(folder: string): RunState | undefined {
    return this.jobOf(folder)?.state ?? this.#ended.get(folder);
  }

  async load(folder: string): Promise<RunState> {
    return this.state(folder) ?? readState(folder);
  }

  /** All runs, latest first; what this window trains is as current as its last event. */
  async runs(): Promise<readonly RunSummary[]> {
    // A run that has just begun may not have been found yet.
    const own = this.#jobs.flatMap(({ folder }) => folder ?? []);
    const folders = new Set([...(await this.#options.runFolders()), ...own]);
    const found = await Promise.all([...folders].map((folder) => readRun(folder)));
    const summaries = found.flatMap((summary) => (summary === undefined ? [] : [this.#withJob(summary)]));
    return summaries.sort((a, b) => (a.started < b.started ? 1 : -1));
  }

  #withJob(summary: RunSummary): RunSummary {
    const state = this.jobOf(summary.folder)?.state;
    if (state === undefined) return summary;
    const { step, total_steps } = state;
    const loss = state.steps.at(-1)?.loss ?? summary.loss;
    return {
      ...summary,
      status: 'running',
      resumable: false,
      step,
      total_steps: total_steps || summary.total_steps,
      loss,
    };
  }

  stop(folder: string): void {
    const job = this.jobOf(folder);
    if (job !== undefined) void this.cancel(job);
  }

  pause(folder: string): void {
    const job = this.#jobs.find((known) => known.folder === folder);
    if (job?.phase !== 'running' || job.handle === undefined) return;
    this.#enter(job, 'pausing');
    // A run that ends meanwhile says so itself.
    job.handle.pause().catch(() => undefined);
  }

  /** Goes on with a paused run, or queues one that was stopped, interrupted or failed. */
  resume(folder: string): void {
    const job = this.#jobs.find((known) => known.folder === folder);
    if (job === undefined) {
      void this.continueRun(folder);
    } else if (job.phase === 'paused' || job.phase === 'pausing') {
      this.#enter(job, 'running');
      job.handle?.resume().catch(() => undefined);
    }
  }

  /** Queues a run on disk to go on from its last checkpoint; undefined where it cannot. */
  async continueRun(folder: string): Promise<Job | undefined> {
    const summary = await readRun(folder);
    if (summary?.resumable !== true) return undefined;
    const earlier = await this.load(folder);
    // Asked twice in the meantime.
    const running = this.jobOf(folder);
    if (running !== undefined) return running;
    const job = this.train({ recipeFile: summary.recipe, resume: summary.run });
    const open = this.#jobs.find((known) => known === job);
    if (open !== undefined) {
      Object.assign(open, { folder, name: summary.name, state: { ...earlier, status: 'waiting' } });
      this.#ended.delete(folder);
      this.#jobChanged.emit(open);
      this.#changed.emit(folder, []);
    }
    return job;
  }

  /** Ends everything that trains; each run keeps a checkpoint if the time allows it. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await Promise.all(
      [...this.#jobs].map(async (job) => {
        if (job.client === undefined) this.#finish(job, { kind: 'cancelled' });
        else await job.client.dispose();
      }),
    );
  }

  #startNext(): void {
    const isActive = ({ phase }: OpenJob): boolean => phase !== 'waiting';
    const free = Math.max(1, this.#options.simultaneousRuns()) - this.#jobs.filter(isActive).length;
    for (const job of this.#jobs.filter(({ phase }) => phase === 'waiting').slice(0, Math.max(0, free))) {
      this.#enter(job, 'preparing');
      void this.#run(job).then((end) => this.#finish(job, end));
    }
  }

  async #run(job: OpenJob): Promise<JobEnd> {
    try {
      job.request = await this.#withSettings(job.request);
      job.client = await this.#options.startEngine();
      // Nothing is awaited between this look and the handle by which the run is stopped.
      if (this.#isDisposed || job.phase === 'stopping') return { kind: 'cancelled' };
      job.handle = job.client.train(job.request, (event) => this.#hear(job, event));
      return { kind: await job.handle.done };
    } catch (error) {
      return endOf(error);
    } finally {
      await job.client?.dispose().catch(() => undefined);
    }
  }

  /** A run that goes on keeps what it began with. */
  async #withSettings(request: TrainRequest): Promise<TrainRequest> {
    if (request.resume !== undefined) return request;
    const settings = (await this.#options.settingsOf?.(request.recipeFile)) ?? [];
    return settings.length === 0 ? request : { ...request, overrides: [...settings, ...(request.overrides ?? [])] };
  }

  #hear(job: OpenJob, event: TrainingEvent): void {
    job.pending.push(event);
    // What people wait for is shown at once.
    if (event.type !== 'step') this.#handOver(job);
    else job.timer ??= setTimeout(() => this.#handOver(job), handOver);
  }

  #handOver(job: OpenJob): void {
    clearTimeout(job.timer);
    job.timer = undefined;
    const events = job.pending;
    if (events.length === 0) return;
    job.pending = [];
    job.state = applyEvents(job.state, events);
    job.name = job.state.plan?.name ?? job.name;
    job.folder = job.state.folder ?? job.folder;
    this.#follow(job, events);
    this.#heard.emit(job, events);
    job.early.push(...events);
    if (job.folder !== null) this.#changed.emit(job.folder, job.early.splice(0));
  }

  /** The phase that the engine's events tell of. */
  #follow(job: OpenJob, events: readonly TrainingEvent[]): void {
    const { phase } = job;
    const last = events.at(-1)?.type;
    const isStepping = events.some(({ type }) => type === 'step');
    if (phase === 'stopping') this.#enter(job, phase);
    else if (last === 'paused') this.#enter(job, 'paused');
    else this.#enter(job, phase === 'preparing' && isStepping ? 'running' : phase);
  }

  #enter(job: OpenJob, phase: JobPhase): void {
    job.phase = phase;
    this.#jobChanged.emit(job);
  }

  #finish(job: OpenJob, end: JobEnd): void {
    const at = this.#jobs.indexOf(job);
    if (at < 0) return;
    for (const event of lastWords(job, end)) job.pending.push(event);
    this.#handOver(job);
    this.#jobs.splice(at, 1);
    if (job.folder !== null) this.#keep(job.folder, job.state);
    this.#enter(job, 'over');
    job.settle(end);
    this.#jobEnded.emit(job, end);
    if (!this.#isDisposed) this.#startNext();
  }

  #keep(folder: string, state: RunState): void {
    this.#ended.delete(folder);
    this.#ended.set(folder, state);
    for (const oldest of [...this.#ended.keys()].slice(0, -keptStates)) this.#ended.delete(oldest);
  }
}

function openJob(id: number, request: TrainRequest): OpenJob {
  let settle: (end: JobEnd) => void = () => undefined;
  const end = new Promise<JobEnd>((resolve) => (settle = resolve));
  return {
    id,
    request,
    name: path.basename(request.recipeFile).replace(/\.lora\.jsonc?$/i, ''),
    phase: 'waiting',
    state: emptyRun,
    folder: null,
    end,
    early: [],
    pending: [],
    timer: undefined,
    client: undefined,
    handle: undefined,
    settle,
  };
}

function endOf(error: unknown): JobEnd {
  if (error instanceof Failure) return { kind: 'failed', failure: error };
  return error instanceof EngineCrash ? { kind: 'crashed', crash: error } : { kind: 'broken', error };
}

/** What is to be seen of an end that the engine could not tell itself. */
function lastWords({ state, pending }: OpenJob, end: JobEnd): readonly TrainingEvent[] {
  const told = new Set(pending.map(({ type }) => type));
  const checkpoint = state.checkpoints.at(-1)?.path ?? null;
  switch (end.kind) {
    case 'finished':
      return [];
    case 'cancelled':
      return state.cancelled !== null || told.has('cancelled')
        ? []
        : [{ type: 'cancelled', step: state.step, checkpoint }];
    case 'failed':
      return state.error !== null || told.has('error') ? [] : [errorEvent(end.failure)];
    case 'crashed': {
      const { message, hint } = end.crash;
      return [{ type: 'error', code: 'engine-ended', message, hint }];
    }
    case 'broken':
      return [{ type: 'error', code: 'internal-error', message: String(end.error), hint: null }];
  }
}
