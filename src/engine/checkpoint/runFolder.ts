import { appendFile, mkdir, readdir, readFile, truncate } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { RunSummary } from '../../run/answers';
import type { Plan } from '../../run/plan';
import { noRunToResume, runIsActive, unknownRun } from '../../run/failures';
import type { TrainingEvent } from '../../run/trainingEvent';
import { makeFolders, writeFileAtomically } from '../formats/atomicFile';
import type { Device, Precision } from '../runtime/runtime';
import { outputUnwritable } from '../formats/failures';
import type { Losses } from '../formats/lossCurve';
import { listCheckpoints } from './checkpoint';
import { runStateBroken } from './failures';
import { isLocked, takeLock } from './lock';
import type { Lock } from './lock';
import { lockOutput } from './outputLock';

/** What `state.json` holds about a run. */
export interface RunRecord {
  readonly version: 1;
  /** Recipe file, relative to the folder that holds `.lora`. */
  readonly recipe: string;
  readonly name: string;
  readonly status: 'running' | 'finished' | 'cancelled' | 'failed';
  readonly step: number;
  /** The step whose state the adapter holds, where that is not the last one. */
  readonly best_step?: number | undefined;
  readonly total_steps: number;
  readonly loss: number | null;
  readonly eval_loss: number | null;
  /** ISO 8601 */
  readonly started: string;
  /** Adapter folder, once finished. */
  readonly adapter: string | null;
  /** What was `auto` in the recipe or found out about the data: fixed at the start, used again when resuming. */
  readonly decided: Decided;
}

export interface Decided {
  readonly max_length: number;
  readonly rows_per_epoch: number;
  readonly steps_per_epoch: number;
  readonly recomputation: 'none' | 'cheap' | 'blocks';
  readonly threads: number;
  /** As in `engine.device`; runs of before there was a choice have none and go on on the processor. */
  readonly device?: Device;
  /** Runs of before there was a choice have none, and compute in fp32. */
  readonly precision?: Precision;
  /** Bytes of the training file. */
  readonly dataset_bytes: number;
  /** Hash of the training file, where it is small enough to hash in no time. */
  readonly dataset_sha256: string | null;
  /** Hash of pieces of a larger training file. */
  readonly dataset_sample_sha256: string | null;
  /** Hash by which the base model is known again. */
  readonly base_model: string;
}

type NewRecord = Omit<
  RunRecord,
  'version' | 'recipe' | 'started' | 'status' | 'step' | 'loss' | 'eval_loss' | 'adapter'
>;

const metricsFile = 'metrics.jsonl';

/** A folder `.lora/runs/<id>` beside a recipe. While it is open, nobody else trains this run, nor into its output folder. */
export class RunFolder {
  private constructor(
    readonly path: string,
    private current: RunRecord,
    private readonly lock: Lock,
    private readonly outputLock: Lock,
  ) {}

  get id(): string {
    return path.basename(this.path);
  }
  get record(): RunRecord {
    return this.current;
  }
  get checkpoints(): string {
    return path.join(this.path, 'checkpoints');
  }

  /**
   * Starts the folder of a new run of `recipeFile` that writes the folder `output`.
   * @throws Failure `output-in-use`, `output-unwritable`
   */
  static async create(recipeFile: string, recipeText: string, output: string, record: NewRecord): Promise<RunFolder> {
    const outputLock = await lockOutput(recipeFile, output);
    let lock: Lock | undefined;
    try {
      const started = new Date().toISOString();
      const folder = await makeUnusedFolder(
        runsFolder(recipeFile),
        `${record.name.replaceAll(/[^\w.-]+/g, '-')}-${started.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`,
      );
      lock = await lockRun(folder);
      await outputLock.nameRun(path.basename(folder));
      const state: RunRecord = {
        ...record,
        version: 1,
        recipe: path.basename(recipeFile),
        started,
        status: 'running',
        step: 0,
        loss: null,
        eval_loss: null,
        adapter: null,
      };
      const run = new RunFolder(folder, state, lock, outputLock);
      await writeFileAtomically(path.join(folder, 'recipe.lora.json'), recipeText);
      await run.update({});
      return run;
    } catch (error) {
      await outputLock.release();
      await lock?.release();
      throw error;
    }
  }

  /**
   * Opens a run to go on with it: an id, or `latest` for the latest run of this recipe. It writes the folder `output`.
   * @throws Failure `run-is-active`, `output-in-use`, `no-run-to-resume`, `unknown-run`, `run-state-broken`
   */
  static async resume(recipeFile: string, run: string, output: string): Promise<RunFolder> {
    const runs = runsFolder(recipeFile);
    const id = run === 'latest' ? await latestRun(recipeFile) : run;
    const folder = id === undefined ? undefined : path.join(runs, path.basename(id));
    const record = folder === undefined ? undefined : await readRecord(folder);
    if (folder === undefined || record === undefined) {
      if (run === 'latest') throw noRunToResume(recipeFile);
      throw unknownRun(
        run,
        (await runsOf(recipeFile)).map((known) => known.run),
      );
    }
    // First the run: who wants one that is being trained must hear that, not that its output is taken.
    const lock = await lockRun(folder);
    try {
      await cutTornLine(path.join(folder, metricsFile));
      const outputLock = await lockOutput(recipeFile, output);
      await outputLock.nameRun(path.basename(folder));
      return new RunFolder(folder, record, lock, outputLock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The recipe as it was when the run began. */
  async recipeText(): Promise<string> {
    return readFile(path.join(this.path, 'recipe.lora.json'), 'utf8');
  }

  async update(change: Partial<RunRecord>): Promise<void> {
    this.current = { ...this.current, ...change };
    await writeFileAtomically(path.join(this.path, 'state.json'), `${JSON.stringify(this.current, null, 2)}\n`);
  }

  async writePlan(plan: Plan): Promise<void> {
    await writeFileAtomically(path.join(this.path, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
  }

  /** Appends one line to `metrics.jsonl`. */
  async append(event: TrainingEvent): Promise<void> {
    await appendFile(path.join(this.path, metricsFile), `${JSON.stringify(event)}\n`);
  }

  /** The losses in `metrics.jsonl`; of steps that were trained again after a resume the last ones. */
  async losses(): Promise<Losses> {
    const [training, evaluation] = [new Map<number, number>(), new Map<number, number>()];
    const input = createReadStream(path.join(this.path, metricsFile), 'utf8');
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const event = JSON.parse(line) as TrainingEvent;
      if (event.type === 'step') training.set(event.step, event.loss);
      else if (event.type === 'eval') evaluation.set(event.step, event.eval_loss);
    }
    return { training: bySteps(training), evaluation: bySteps(evaluation) };
  }

  async log(line: string): Promise<void> {
    await appendFile(path.join(this.path, 'log.txt'), `${new Date().toISOString()} ${line}\n`);
  }

  async close(): Promise<void> {
    // Last the run's own: who sees that it is free may go on with it.
    try {
      await this.outputLock.release();
    } finally {
      await this.lock.release();
    }
  }
}

function bySteps(losses: ReadonlyMap<number, number>): (readonly [number, number])[] {
  return [...losses].sort(([a], [b]) => a - b);
}

/** All runs of the recipes in `folder`, latest first. */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  const runs = path.join(path.resolve(folder), '.lora', 'runs');
  const names = await readdir(runs).catch(() => []);
  const summaries = await Promise.all(names.map((name) => summarize(path.join(runs, name), path.resolve(folder))));
  return summaries.flatMap((summary) => summary ?? []).sort((a, b) => (a.started < b.started ? 1 : -1));
}

async function summarize(folder: string, beside: string): Promise<RunSummary | undefined> {
  const record = await readRecord(folder).catch(() => undefined);
  if (record === undefined) return undefined;
  const alive = await isLocked(path.join(folder, 'lock'));
  const status = record.status === 'running' && !alive ? 'interrupted' : record.status;
  const checkpoints = await listCheckpoints(path.join(folder, 'checkpoints'));
  return {
    run: path.basename(folder),
    folder,
    recipe: path.join(beside, record.recipe),
    name: record.name,
    status,
    step: Math.max(record.step, checkpoints.at(-1)?.step ?? 0),
    total_steps: record.total_steps,
    loss: record.loss,
    started: record.started,
    resumable: status !== 'finished' && status !== 'running',
    adapter: record.adapter,
  };
}

function runsFolder(recipeFile: string): string {
  return path.join(path.dirname(recipeFile), '.lora', 'runs');
}

async function latestRun(recipeFile: string): Promise<string | undefined> {
  return (await runsOf(recipeFile))[0]?.run;
}

async function runsOf(recipeFile: string): Promise<RunSummary[]> {
  const runs = await listRuns(path.dirname(recipeFile));
  return runs.filter(({ recipe }) => recipe === recipeFile);
}

async function makeUnusedFolder(parent: string, name: string): Promise<string> {
  await makeFolders(parent);
  for (let attempt = 1; ; attempt++) {
    const folder = path.join(parent, attempt === 1 ? name : `${name}-${attempt}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw outputUnwritable(folder, error);
    }
  }
}

/** A killed process may have written the start of a line; what is appended next would stand behind it. */
async function cutTornLine(file: string): Promise<void> {
  const text = await readFile(file).catch(() => Buffer.alloc(0));
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) await truncate(file, end);
}

async function lockRun(folder: string): Promise<Lock> {
  const place = path.join(folder, 'lock');
  const lock = await takeLock(place).catch((error: unknown) => {
    throw outputUnwritable(folder, error);
  });
  if ('heldBy' in lock) throw runIsActive(path.basename(folder), { pid: lock.heldBy, host: lock.on, lock: place });
  return lock;
}

async function readRecord(folder: string): Promise<RunRecord | undefined> {
  const file = path.join(folder, 'state.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as RunRecord;
  } catch {
    throw runStateBroken(file);
  }
}
