import path from 'node:path';
import { parseRecipe } from '../../recipe/parse';
import { resolveRecipe } from '../../recipe/resolve';
import { resumableDifferences } from '../../recipe/differences';
import type { Plan } from '../../run/plan';
import { recipeDiffersFromRun } from '../../run/failures';
import { listCheckpoints, pruneCheckpoints, readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint';
import { datasetChanged } from '../checkpoint/failures';
import { RunFolder } from '../checkpoint/runFolder';
import type { Decided } from '../checkpoint/runFolder';
import type { Progress, TrainingState } from '../train/state';
import { recomputationOf } from './planRecipe';
import { fingerprint, totalSteps } from './prepare';
import type { Prepared } from './prepare';

/** The folder of a new run, or of the one to go on with. Throws a Failure where recipe or data have changed since. */
export async function openRun(prepared: Prepared, plan: Plan, resume: string | undefined): Promise<RunFolder> {
  const { loaded, train } = prepared;
  const { bytes, sha256 } = await fingerprint(train.path);
  if (resume === undefined) {
    const { training } = loaded.recipe;
    const decided: Decided = {
      max_length: prepared.maxLength,
      rows_per_epoch: plan.data.rows,
      steps_per_epoch: plan.data.steps_per_epoch,
      recomputation: recomputationOf(training.gradient_checkpointing),
      threads: plan.compute.threads,
      dataset_bytes: bytes,
      dataset_sha256: sha256,
    };
    const { name } = loaded.recipe;
    const run = await RunFolder.create(loaded.file, loaded.text, { name, total_steps: plan.data.total_steps, decided });
    await run.writePlan(plan);
    return run;
  }
  const run = await RunFolder.resume(loaded.file, resume);
  try {
    const { decided } = run.record;
    const earlier = parseRecipe(await run.recipeText()).recipe;
    if (earlier !== undefined) {
      const differing = resumableDifferences(resolveRecipe(earlier, { recipeFile: loaded.file }), loaded.recipe);
      if (differing.length > 0) throw recipeDiffersFromRun(differing, run.id);
    }
    if (decided.dataset_bytes !== bytes || decided.dataset_sha256 !== sha256) throw datasetChanged(train.path);
    await run.update({ total_steps: totalSteps(loaded.recipe.training, decided.steps_per_epoch) });
    return run;
  } catch (error) {
    await run.close();
    throw error;
  }
}

/** Writes `checkpoints/step-N` and gives its path. */
export async function saveCheckpoint(run: RunFolder, state: TrainingState, limit: number | null): Promise<string> {
  const { step, loss, best } = state.progress;
  const folder = path.join(run.checkpoints, `step-${step}`);
  await writeCheckpoint(folder, state.tensors, state.progress);
  await run.update({ step, loss: loss ?? null });
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
