import type { TrainingEvent } from '../../run/trainingEvent';
import type { Window } from '../data/batches';
import { lossNotFinite, noGradient } from './failures';
import { updateTensors, windowGradients } from './optimizerStep';
import type { CompiledLoss, Update, WindowGradients } from './optimizerStep';
import type { TrainingSettings } from './settings';
import type { Evaluated, TrainingState } from './state';
import { Stopwatch } from './stopwatch';

/** What the loop works with. It knows no files: whoever starts it says how a checkpoint is written. */
export interface Job {
  readonly settings: TrainingSettings;
  readonly state: TrainingState;
  readonly compiled: CompiledLoss;
  /** From the state's cursor on. */
  readonly windows: AsyncIterable<Window>;
  /** Undefined without an evaluation set. */
  readonly evaluate: (() => Promise<Evaluated>) | undefined;
  /** Text samples to show beside an evaluation. */
  readonly sample: (() => AsyncIterable<TrainingEvent>) | undefined;
  /** Writes the state, and gives the place. */
  saveCheckpoint(state: TrainingState): Promise<string>;
  readonly signal: AbortSignal;
}

export type Outcome = 'finished' | 'cancelled';

/**
 * Trains: one event per optimizer step, evaluation and checkpoint. Ends when all steps are done, when evaluations no
 * longer improve, or within a step of `signal`, with a checkpoint.
 * @throws Failure `training-diverged`, `adapter-without-gradient`, with the state before that step kept
 */
export async function* train(job: Job): AsyncGenerator<TrainingEvent, Outcome> {
  const { settings, state } = job;
  const watch = new Stopwatch(settings.totalSteps - state.progress.step);
  if (state.progress.step < settings.totalSteps) {
    for await (const window of job.windows) {
      if (job.signal.aborted) return yield* cancelled(job);
      yield await optimizerStep(job, window, watch);
      yield* afterStep(job);
      if (state.progress.step >= settings.totalSteps || stoppedEarly(job)) break;
      // Lets signals and messages in: the step itself holds the thread.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return job.signal.aborted && state.progress.step < settings.totalSteps ? yield* cancelled(job) : 'finished';
}

async function optimizerStep(job: Job, window: Window, watch: Stopwatch): Promise<TrainingEvent> {
  const { settings, state } = job;
  const step = state.progress.step + 1;
  const sums = await windowGradients(job.compiled, state, settings, window);
  const loss = sums.loss / window.supervisedTokens;
  if (!Number.isFinite(loss)) throw lossNotFinite(step, 'loss', await job.saveCheckpoint(state));
  const withoutGradient = await checkGradients(job, sums, step);
  const update = updateTensors(state, settings, sums.gradients, window.supervisedTokens);
  if (!Number.isFinite(update.gradNorm)) {
    throw lossNotFinite(step, 'gradient norm', await job.saveCheckpoint(state));
  }
  const tokens = state.progress.tokens + window.tokens;
  state.progress = { ...state.progress, step, loss, tokens, cursor: window.cursor, withoutGradient };
  return stepEvent(job, window, watch, { loss, correct: sums.correct, update });
}

/** Within the first two steps every tensor that must learn has had a gradient, or the run is pointless. */
async function checkGradients(job: Job, sums: WindowGradients, step: number): Promise<readonly string[]> {
  const { progress, tensors } = job.state;
  if (progress.withoutGradient.length === 0) return [];
  const waiting = new Set(progress.withoutGradient);
  tensors.forEach(({ name }, i) => {
    if (waiting.has(name) && sums.gradients[i]!.some((value) => value !== 0)) waiting.delete(name);
  });
  if (step >= 2 && waiting.size > 0) {
    await job.saveCheckpoint(job.state);
    throw noGradient([...waiting]);
  }
  return [...waiting];
}

function stepEvent(
  { settings, state }: Job,
  window: Window,
  watch: Stopwatch,
  { loss, correct, update }: { loss: number; correct: number; update: Update },
): TrainingEvent {
  const { step, tokens } = state.progress;
  const part = window.endOfEpoch ? 1 : Math.min(1, window.cursor.consumed / settings.rowsPerEpoch);
  return {
    type: 'step',
    step,
    epoch: window.epoch + part,
    loss,
    learning_rate: update.learningRate,
    grad_norm: update.gradNorm,
    mean_token_accuracy: correct / window.supervisedTokens,
    num_tokens: tokens,
    ...watch.lap(window.tokens),
    memory_bytes: process.memoryUsage.rss(),
  };
}

async function* afterStep(job: Job): AsyncGenerator<TrainingEvent> {
  const { settings, state } = job;
  const { step } = state.progress;
  const last = step >= settings.totalSteps;
  if (job.evaluate !== undefined && (last || step % settings.evalSteps === 0)) {
    const result = await job.evaluate();
    yield evaluated(state, settings, result);
    if (job.sample !== undefined) yield* job.sample();
  }
  const ends = last || stoppedEarly(job);
  const isBest = settings.loadBestModelAtEnd && state.progress.best?.step === step;
  if (ends || isBest || step % settings.saveSteps === 0) yield await checkpoint(job);
}

function evaluated(state: TrainingState, settings: TrainingSettings, result: Evaluated): TrainingEvent {
  const { progress } = state;
  const improved = progress.best === undefined || result.loss < progress.best.loss;
  state.progress = {
    ...progress,
    lastEval: result,
    best: improved ? { step: progress.step, loss: result.loss } : progress.best,
    evalsSinceBest: improved ? 0 : progress.evalsSinceBest + 1,
  };
  return {
    type: 'eval',
    step: progress.step,
    epoch: (progress.cursor?.epoch ?? 0) + Math.min(1, (progress.cursor?.consumed ?? 0) / settings.rowsPerEpoch),
    eval_loss: result.loss,
    eval_mean_token_accuracy: result.accuracy,
  };
}

function stoppedEarly({ settings, state }: Job): boolean {
  return settings.earlyStoppingPatience !== null && state.progress.evalsSinceBest >= settings.earlyStoppingPatience;
}

async function checkpoint(job: Job): Promise<TrainingEvent> {
  return { type: 'checkpoint', step: job.state.progress.step, path: await job.saveCheckpoint(job.state) };
}

async function* cancelled(job: Job): AsyncGenerator<TrainingEvent, Outcome> {
  const { step } = job.state.progress;
  yield { type: 'cancelled', step, checkpoint: await job.saveCheckpoint(job.state) };
  return 'cancelled';
}
