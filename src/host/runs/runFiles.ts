import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunSummary } from '../../run/answers';
import { applyEvents, emptyRun, type RunState } from '../../run/runState';
import type { TrainingEvent } from '../../run/trainingEvent';
import { runUnreadable } from './failures';
import { isTraining } from './runLock';

/** The part of a run's `state.json` that people are shown. */
interface StoredRun {
  readonly recipe: string;
  readonly name: string;
  readonly status: 'running' | 'finished' | 'cancelled' | 'failed';
  readonly step: number;
  readonly total_steps: number;
  readonly loss: number | null;
  readonly started: string;
  readonly adapter: string | null;
}

/** The run in `folder` (`…/.lora/runs/<id>`) as its files tell; undefined where there is none that can be read. */
export async function readRun(folder: string): Promise<RunSummary | undefined> {
  const stored = await readStored(path.join(folder, 'state.json'));
  if (stored === undefined) return undefined;
  const isAlive = await isTraining(folder);
  // The engine notes how a run ended; one that could not note it was killed, with the window or by the system.
  const ended = stored.status === 'running' ? 'interrupted' : stored.status;
  const status = isAlive ? 'running' : ended;
  const checkpoint = await latestCheckpoint(folder);
  return {
    run: path.basename(folder),
    folder,
    recipe: path.join(recipeFolderOf(folder), stored.recipe),
    name: stored.name,
    status,
    step: Math.max(stored.step, checkpoint ?? 0),
    total_steps: stored.total_steps,
    loss: stored.loss,
    started: stored.started,
    resumable: status !== 'finished' && status !== 'running',
    adapter: stored.adapter,
  };
}

/** The first run of a recipe that began at `since` (ISO 8601) or later; undefined where there is none. */
export async function runSince(recipeFile: string, since: string): Promise<RunSummary | undefined> {
  const folder = path.join(path.dirname(recipeFile), '.lora', 'runs');
  const names = await readdir(folder).catch((): string[] => []);
  const all = await Promise.all(names.map((name) => readRun(path.join(folder, name))));
  return all
    .flatMap((run) => (run?.recipe === recipeFile && run.started >= since ? [run] : []))
    .sort((a, b) => (a.started < b.started ? -1 : 1))[0];
}

/** `.lora` lies beside the recipe. */
function recipeFolderOf(folder: string): string {
  return path.resolve(folder, '..', '..', '..');
}

async function readStored(file: string): Promise<StoredRun | undefined> {
  try {
    const stored = JSON.parse(await readFile(file, 'utf8')) as Partial<StoredRun> | null;
    return typeof stored?.name === 'string' && typeof stored.recipe === 'string' ? (stored as StoredRun) : undefined;
  } catch {
    return undefined;
  }
}

async function latestCheckpoint(folder: string): Promise<number | undefined> {
  const names = await readdir(path.join(folder, 'checkpoints')).catch((): string[] => []);
  const steps = names.flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return steps.length === 0 ? undefined : Math.max(...steps);
}

/**
 * The state that a run's own words lead to. The end of a run that was killed is missing: `readRun` knows of it.
 * @throws Failure `run-unreadable`
 */
export async function readState(folder: string): Promise<RunState> {
  const file = path.join(folder, 'metrics.jsonl');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw runUnreadable(file, error);
  });
  return applyEvents(emptyRun, text.split('\n').flatMap(parsedEvent));
}

/** A killed process may leave the start of a line. */
function parsedEvent(line: string): TrainingEvent[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as TrainingEvent];
  } catch {
    return [];
  }
}
