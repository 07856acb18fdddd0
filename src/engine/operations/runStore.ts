import path from 'node:path';
import { parseRecipe } from '../../recipe/parse';
import { resolveRecipe } from '../../recipe/resolve';
import { resumableDifferences } from '../../recipe/differences';
import type { Plan } from '../../run/plan';
import { recipeDiffersFromRun } from '../../run/failures';
import {
  dropCheckpointsAfter,
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../checkpoint/checkpoint';
import { datasetChanged, modelChanged } from '../checkpoint/failures';
import { RunFolder } from '../checkpoint/runFolder';
import type { Decided } from '../checkpoint/runFolder';
import type { Device, Precision } from '../runtime/runtime';
import type { Progress, TrainingState } from '../train/state';
import { recomputationOf } from './planRecipe';
import { fingerprint, modelFingerprint } from './fingerprint';
import type { Fingerprint } from './fingerprint';
import type { Prepared } from './prepare';

/** A run to train; `isOver` where it had been finished and its recipe asks for no more. */
export interface OpenedRun {
  readonly run: RunFolder;
  readonly isOver: boolean;
}

/**
 * The folder of a new run, or of the one to go on with, which writes the folder `output`. Throws a Failure where recipe
 * or data have changed since, and where another run that lives writes that folder.
 */
export async function openRun(
  prepared: Prepared,
  plan: Plan,
  output: string,
  resume: string | undefined,
): Promise<OpenedRun> {
  const { loaded, train } = prepared;
  const data = await fingerprint(train.path);
  const model = await modelFingerprint(prepared.base);
  if (resume === undefined)
    return { run: await createRun(prepared, plan, output, { ...data, base_model: model }), isOver: false };
  const run = await RunFolder.resume(loaded.file, resume, output);
  try {
    const { status, step, total_steps, decided } = run.record;
    const earlier = parseRecipe(await run.recipeText()).recipe;
    if (earlier !== undefined) {
      const differing = resumableDifferences(resolveRecipe(earlier, { recipeFile: loaded.file }), loaded.recipe);
      if (differing.length > 0) throw recipeDiffersFromRun(differing, run.id);
    }
    const isSame = (Object.keys(data) as (keyof Fingerprint)[]).every((key) => decided[key] === data[key]);
    if (!isSame) throw datasetChanged(train.path);
    if (decided.base_model !== model) throw modelChanged(prepared.base.folder.path);
    const total = plan.data.total_steps;
    const isOver = status === 'finished' && (total === total_steps || total <= step);
    if (!isOver) await run.update({ total_steps: total });
    return { run, isOver };
  } catch (error) {
    await run.close();
    throw error;
  }
}

type Inputs = Fingerprint & Pick<Decided, 'base_model'>;

async function createRun(
  { loaded, maxLength }: Prepared,
  plan: Plan,
  output: string,
  inputs: Inputs,
): Promise<RunFolder> {
  const { name, training } = loaded.recipe;
  const decided: Decided = {
    max_length: maxLength,
    rows_per_epoch: plan.data.rows,
    steps_per_epoch: plan.data.steps_per_epoch,
    recomputation: recomputationOf(training.gradient_checkpointing),
    threads: plan.compute.threads,
    device: plan.compute.device as Device,
    precision: plan.compute.precision as Precision,
    ...inputs,
  };
  const record = { name, total_steps: plan.data.total_steps, decided };
  const run = await RunFolder.create(loaded.file, loaded.text, output, record);
  try {
    await run.writePlan(plan);
    return run;
  } catch (error) {
    await run.close();
    throw error;
  }
}

/** Writes `checkpoints/step-N` and gives its path. Checkpoints of later steps are of a course that was given up. */
export async function saveCheckpoint(run: RunFolder, state: TrainingState, limit: number | null): Promise<string> {
  const { step, loss, best } = state.progress;
  const folder = path.join(run.checkpoints, `step-${step}`);
  await writeCheckpoint(folder, state.tensors, state.progress);
  await run.update({ step, loss: loss ?? null });
  await dropCheckpointsAfter(run.checkpoints, step);
  await pruneCheckpoints(run.checkpoints, limit, best?.step);
  return folder;
}

/** Restores the newest checkpoint, or that of one step; gives its path, or `undefined` where there is none yet. */
export async function loadCheckpoint(run: RunFolder, state: TrainingState, step?: number): Promise<string | undefined> {
  const checkpoints = await listCheckpoints(run.checkpoints);
  const checkpoint = step === undefined ? checkpoints.at(-1) : checkpoints.find((known) => known.step === step);
  if (checkpoint === undefined) return undefined;
  state.progress = (await readCheckpoint(checkpoint.path, state.tensors)) as Progress;
  return checkpoint.path;
}
