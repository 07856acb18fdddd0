import type { TrainingEvent } from '../../run/trainingEvent';
import { Failure } from '../../failure/failure';
import type { DataCursor, Window } from '../data/batches';
import { lossNotFinite, lossScaleCollapsed, noGradient } from './failures';
import { afterGoodStep, afterOverflow } from './lossScale';
import type { LossScale } from './lossScale';
import type { PauseGate } from './pauseGate';
import { learningRateOf, updateTensors, windowGradients } from './optimizerStep';
import type { CompiledLoss, Update, WindowGradients } from './optimizerStep';
import type { TrainingSettings } from './settings';
import { copyState, updatesOf } from './state';
import type { Evaluated, Progress, TrainingState } from './state';
import { Stopwatch } from './stopwatch';

/** What the loop works with. It knows no files: whoever starts it says how a checkpoint is written. */
export interface Job {
  readonly settings: TrainingSettings;
  readonly state: TrainingState;
  readonly compiled: CompiledLoss;
  /** From the state's cursor on, without end. */
  readonly windows: AsyncIterable<Window>;
  /** Undefined without an evaluation set. Rejects when `signal` is aborted. */
  readonly evaluate: ((signal: AbortSignal) => Promise<Evaluated>) | undefined;
  /** Text samples to show: before the first step, as often as evaluations, and at the end. Ends when `signal` is aborted. */
  readonly sample: ((signal: AbortSignal) => AsyncIterable<TrainingEvent>) | undefined;
  /** Writes a state, and gives the place. */
  saveCheckpoint(state: TrainingState): Promise<string>;
  readonly signal: AbortSignal;
  /** While it is closed, the loop waits between two steps. */
  readonly gate?: PauseGate | undefined;
}

export type Outcome = 'finished' | 'cancelled';

/** Whether nothing is left to do: all steps are done, or evaluations no longer improve. */
export function isComplete(settings: TrainingSettings, { step, evaluationDue, evalsSinceBest }: Progress): boolean {
  const { totalSteps, earlyStoppingPatience } = settings;
  if (evaluationDue) return false;
  return step >= totalSteps || (earlyStoppingPatience !== null && evalsSinceBest >= earlyStoppingPatience);
}

/**
 * Trains: one event per optimizer step, evaluation and checkpoint. Ends when all steps are done, when evaluations no
 * longer improve, or within a step of `signal`, with a checkpoint. Pauses change no number of the run.
 * @throws Failure `training-diverged`, `loss-scale-collapsed`, `adapter-without-gradient`, `device-…`, with the last good
 * state kept
 */
export async function* train(job: Job): AsyncGenerator<TrainingEvent, Outcome> {
  const { settings, state, signal } = job;
  const running: Running = {
    ...job,
    watch: new Stopwatch(settings.totalSteps - state.progress.step),
    lastGood: undefined,
    savedStep: undefined,
  };
  if (state.progress.evaluationDue) yield* afterStep(running);
  // What the model writes before it learns anything: without it nobody could tell what training changed.
  if (running.sample !== undefined && state.progress.step === 0) yield* running.sample(signal);
  running.watch.begin();
  if (isComplete(settings, state.progress)) return 'finished';
  for await (const window of job.windows) {
    yield* whilePaused(running);
    if (signal.aborted) return yield* cancelled(job);
    yield* await optimizerStep(running, window);
    yield* afterStep(running);
    if (isComplete(settings, state.progress)) return 'finished';
    // Lets signals and messages in: the step itself holds the thread.
    await new Promise((resolve) => setImmediate(resolve));
    running.watch.begin();
  }
  throw new Error('The data ended before the last step');
}

interface Running extends Job {
  readonly watch: Stopwatch;
  /** The state before the last update: the newest whose loss is known to be finite. */
  lastGood: TrainingState | undefined;
  /** The step of the newest checkpoint of this loop. */
  savedStep: number | undefined;
}

/** Adapters of up to so many values are copied before each update, which costs next to nothing. */
const copiedValues = 8 * 2 ** 20;

async function optimizerStep(running: Running, window: Window): Promise<readonly TrainingEvent[]> {
  const { settings, state } = running;
  const step = state.progress.step + 1;
  const { lossScale } = state.progress;
  const sums = await keepingState(running, windowGradients(running.compiled, state, settings, window));
  const loss = sums.loss / window.supervisedTokens;
  if (!Number.isFinite(loss)) throw await notFinite(running, step, 'loss');
  const tokens = state.progress.tokens + window.tokens;
  const seen = { step, loss, tokens, cursor: window.cursor };
  if (lossScale !== undefined && !sums.gradients.every(areFinite)) {
    return skippedStep(running, window, seen, { correct: sums.correct, lossScale });
  }
  const withoutGradient = await checkGradients(running, sums);
  const size = state.tensors.reduce((sum, { values }) => sum + values.length, 0);
  running.lastGood = size <= copiedValues ? copyState(state) : undefined;
  const update = updateTensors(state, settings, sums.gradients, window.supervisedTokens);
  if (!Number.isFinite(update.gradNorm)) throw await notFinite(running, step, 'gradient norm');
  const scale = lossScale === undefined ? undefined : afterGoodStep(lossScale);
  state.progress = { ...state.progress, ...seen, lossScale: scale, withoutGradient };
  return [stepEvent(running, window, { loss, correct: sums.correct, ...update, lossScale })];
}

/** A step whose gradients were too large for half precision: only the loss scale changes. */
async function skippedStep(
  running: Running,
  window: Window,
  seen: Pick<Progress, 'step' | 'tokens' | 'cursor'> & { readonly loss: number },
  { correct, lossScale }: { readonly correct: number; readonly lossScale: LossScale },
): Promise<readonly TrainingEvent[]> {
  const { state, settings } = running;
  const smaller = afterOverflow(lossScale);
  if (smaller === undefined) throw lossScaleCollapsed(seen.step, await saveLastGood(running));
  const learningRate = learningRateOf(state, settings);
  state.progress = { ...state.progress, ...seen, lossScale: smaller };
  const message = `Step ${seen.step} was skipped: its gradients were too large for fp16. The loss scale is now ${smaller.scale}.`;
  return [
    { type: 'warning', code: 'step-skipped', message, hint: null },
    stepEvent(running, window, { loss: seen.loss, correct, learningRate, gradNorm: null, lossScale }),
  ];
}

function areFinite(values: Float32Array): boolean {
  return values.every((value) => Number.isFinite(value));
}

async function notFinite(running: Running, step: number, what: Parameters<typeof lossNotFinite>[1]): Promise<Failure> {
  const isHalf = running.state.progress.lossScale !== undefined;
  return lossNotFinite(step, what, await saveLastGood(running), isHalf);
}

/**
 * A device that fails takes nothing of the run with it: what is trained lies in the processor's memory, as it was after
 * the last step, and is written before the failure goes on.
 */
async function keepingState<T>(job: Job, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Failure) await job.saveCheckpoint(job.state);
    throw error;
  }
}

function saveLastGood(running: Running): Promise<string> {
  return running.saveCheckpoint(running.lastGood ?? running.state);
}

/** Within the first two steps every tensor that must learn has had a gradient, or the run is pointless. */
async function checkGradients(job: Job, sums: WindowGradients): Promise<readonly string[]> {
  const { progress, tensors } = job.state;
  if (progress.withoutGradient.length === 0) return [];
  const waiting = new Set(progress.withoutGradient);
  tensors.forEach(({ name }, i) => {
    if (waiting.has(name) && sums.gradients[i]!.some((value) => value !== 0)) waiting.delete(name);
  });
  if (updatesOf(progress) >= 1 && waiting.size > 0) {
    await job.saveCheckpoint(job.state);
    throw noGradient([...waiting]);
  }
  return [...waiting];
}

interface StepNumbers extends Omit<Update, 'gradNorm'> {
  readonly loss: number;
  readonly correct: number;
  /** Null in a step that was skipped. */
  readonly gradNorm: number | null;
  /** With which the step was computed. */
  readonly lossScale: LossScale | undefined;
}

function stepEvent(
  { settings, state, watch }: Running,
  window: Window,
  { loss, correct, learningRate, gradNorm, lossScale }: StepNumbers,
): TrainingEvent {
  const { step, tokens } = state.progress;
  return {
    type: 'step',
    step,
    epoch: window.endOfEpoch ? window.epoch + 1 : epochAt(window.cursor, settings),
    loss,
    learning_rate: learningRate,
    grad_norm: gradNorm,
    ...(lossScale === undefined ? {} : { loss_scale: lossScale.scale }),
    mean_token_accuracy: correct / window.supervisedTokens,
    num_tokens: tokens,
    ...watch.lap(window.tokens),
    memory_bytes: process.memoryUsage.rss(),
  };
}

/** Passes over the data; rows that wait to be packed have not been trained on yet. */
function epochAt({ epoch, consumed, pending }: DataCursor, { rowsPerEpoch }: TrainingSettings): number {
  return epoch + Math.min(1, (consumed - pending.length) / rowsPerEpoch);
}

/** What is due after a step: evaluation, text samples, checkpoint. */
async function* afterStep(running: Running): AsyncGenerator<TrainingEvent> {
  const { settings, state, signal } = running;
  const { step, evaluationDue } = state.progress;
  const isLast = step >= settings.totalSteps;
  if (isLast || evaluationDue || step % settings.evalSteps === 0) {
    if (running.evaluate !== undefined) {
      state.progress = { ...state.progress, evaluationDue: true };
      const result = await keepingState(running, unlessAborted(running.evaluate, signal));
      state.progress = { ...state.progress, evaluationDue: result === undefined };
      if (result === undefined) return;
      if (!Number.isFinite(result.loss)) {
        throw await notFinite(running, step, 'loss on the evaluation rows');
      }
      yield evaluated(state, settings, result);
    }
    if (running.sample !== undefined) yield* running.sample(signal);
  }
  const isBest = settings.loadBestModelAtEnd && state.progress.best?.step === step;
  if (isComplete(settings, state.progress) || isBest || step % settings.saveSteps === 0)
    yield await checkpoint(running);
}

/** Evaluations can take longer than a step, so stopping does not wait for them. */
async function unlessAborted<T>(
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted && !(error instanceof Failure)) return undefined;
    throw error;
  }
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
    epoch: progress.cursor === undefined ? 0 : epochAt(progress.cursor, settings),
    eval_loss: result.loss,
    eval_mean_token_accuracy: result.accuracy,
  };
}

async function checkpoint(running: Running): Promise<TrainingEvent> {
  const { step } = running.state.progress;
  const path = await running.saveCheckpoint(running.state);
  running.savedStep = step;
  return { type: 'checkpoint', step, path };
}

/** A checkpoint first: whoever pauses may switch the machine off. */
async function* whilePaused(running: Running): AsyncGenerator<TrainingEvent> {
  const { gate, signal, watch, state } = running;
  if (gate?.isClosed !== true || signal.aborted) return;
  const { step } = state.progress;
  if (running.savedStep !== step) yield await checkpoint(running);
  yield { type: 'paused', step };
  await gate.passable(signal);
  watch.skip();
}

async function* cancelled(job: Job): AsyncGenerator<TrainingEvent, Outcome> {
  const { step } = job.state.progress;
  yield { type: 'cancelled', step, checkpoint: await job.saveCheckpoint(job.state) };
  return 'cancelled';
}
