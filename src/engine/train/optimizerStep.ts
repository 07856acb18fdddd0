import type { Window } from '../data/batches';
import type { MicroBatch } from '../data/layout';
import { adamWStep } from '../optim/adamw';
import { clipFactor, globalNorm } from '../optim/clipping';
import { scheduleFactor } from '../optim/schedule';
import { f32, floats } from '../runtime/runtime';
import type { Executable, Tensors } from '../runtime/runtime';
import { batchFeeds, dropoutFeeds, tensorFeeds } from './feeds';
import type { DropoutInput } from './feeds';
import type { TrainingSettings } from './settings';
import { updatesOf } from './state';
import type { TrainedTensor, TrainingState } from './state';
import { lossScaleInput } from './trainingGraph';

/** A compiled loss graph and how micro-batches are fed to it. */
export interface CompiledLoss {
  readonly executable: Executable;
  readonly chunks: number;
  readonly chunkRows: number;
  readonly dropoutInputs: readonly DropoutInput[];
  layOut(window: Pick<Window, 'bins'>): readonly MicroBatch[];
}

/** Sums over a window, gradients in the order of the state's tensors. */
export interface WindowGradients {
  readonly loss: number;
  readonly correct: number;
  readonly gradients: readonly Float32Array[];
}

/**
 * Runs a window's micro-batches and adds up loss and gradients; what divides them is the caller's. With a loss scale the
 * graph computes with gradients of the mean loss times the scale, as large as they are with PyTorch, so that the same
 * scales fit; where they were too large, numbers of the sum are not finite.
 */
export async function windowGradients(
  compiled: CompiledLoss,
  state: TrainingState,
  settings: Pick<TrainingSettings, 'seed' | 'dropout'>,
  window: Window,
): Promise<WindowGradients> {
  const trained = tensorFeeds(state.tensors);
  const { lossScale } = state.progress;
  const factor = lossScale === undefined ? undefined : lossScale.scale / window.supervisedTokens;
  const scale: Tensors = factor === undefined ? {} : { [lossScaleInput]: f32(Float32Array.of(factor), []) };
  let [loss, correct] = [0, 0];
  let gradients: readonly Float32Array[] | undefined;
  for (const [microBatch, batch] of compiled.layOut(window).entries()) {
    const place = { seed: settings.seed, step: state.progress.step + 1, microBatch };
    const feeds = batchFeeds(batch, compiled.chunks, compiled.chunkRows);
    const masks = dropoutFeeds(compiled.dropoutInputs, feeds, settings.dropout, place);
    const results = await compiled.executable.run({ ...trained, ...feeds, ...masks, ...scale });
    loss += floats(results, 'loss')[0]!;
    correct += floats(results, 'correct')[0]!;
    gradients = addGradients(gradients, state.tensors, results);
  }
  if (factor !== undefined) gradients?.forEach((gradient) => multiply(gradient, 1 / factor));
  return { loss, correct, gradients: gradients ?? [] };
}

function multiply(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i] = values[i]! * factor;
}

/** The update of one optimizer step. */
export interface Update {
  readonly learningRate: number;
  /** Before clipping; not finite where a gradient is not, and then nothing has been updated. */
  readonly gradNorm: number;
}

/** The rate of the next step. As with PyTorch, steps that were skipped move neither schedule nor optimizer. */
export function learningRateOf({ progress }: TrainingState, settings: TrainingSettings): number {
  const { learningRate, schedulerType, warmupSteps, totalSteps } = settings;
  return learningRate * scheduleFactor(schedulerType, updatesOf(progress), warmupSteps, totalSteps);
}

/** Averages the gradients over the window's supervised tokens, clips them, and updates the tensors in place. */
export function updateTensors(
  state: TrainingState,
  settings: TrainingSettings,
  gradients: readonly Float32Array[],
  supervisedTokens: number,
): Update {
  const step = updatesOf(state.progress);
  const learningRate = learningRateOf(state, settings);
  const mean = 1 / supervisedTokens;
  const gradNorm = globalNorm(gradients, mean);
  if (!Number.isFinite(gradNorm)) return { learningRate, gradNorm };
  const scale = mean * clipFactor(gradNorm, settings.maxGradNorm);
  state.tensors.forEach(({ values, moments, decays }, i) => {
    const options = decays ? settings.adamw : { ...settings.adamw, weightDecay: 0 };
    adamWStep(values, gradients[i]!, moments, step + 1, learningRate, scale, options);
  });
  return { learningRate, gradNorm };
}

function addGradients(
  sum: readonly Float32Array[] | undefined,
  tensors: readonly TrainedTensor[],
  results: Tensors,
): readonly Float32Array[] {
  const more = tensors.map(({ name }) => floats(results, `gradient.${name}`));
  if (sum === undefined) return more;
  sum.forEach((total, i) => {
    const part = more[i]!;
    for (let j = 0; j < total.length; j++) total[j] = total[j]! + part[j]!;
  });
  return sum;
}

/** Mean loss and accuracy over all supervised tokens of `windows`; logits of one chunk at a time are all that is held. */
export async function evaluateWindows(
  compiled: CompiledLoss,
  trained: Tensors,
  windows: AsyncIterable<Pick<Window, 'bins' | 'supervisedTokens'>>,
  signal?: AbortSignal,
): Promise<{ loss: number; accuracy: number; tokens: number }> {
  let [loss, correct, tokens] = [0, 0, 0];
  for await (const sums of evaluateEach(compiled, trained, windows, signal)) {
    loss += sums.loss;
    correct += sums.correct;
    tokens += sums.tokens;
  }
  return { loss: loss / tokens, accuracy: correct / tokens, tokens };
}

/** Sums over the supervised tokens of one window. */
export interface WindowSums {
  readonly loss: number;
  readonly correct: number;
  readonly tokens: number;
}

/** The sums of each window. Rejects when `signal` is aborted. */
export async function* evaluateEach(
  compiled: CompiledLoss,
  trained: Tensors,
  windows: AsyncIterable<Pick<Window, 'bins' | 'supervisedTokens'>>,
  signal?: AbortSignal,
): AsyncGenerator<WindowSums> {
  for await (const window of windows) {
    signal?.throwIfAborted();
    let [loss, correct] = [0, 0];
    for (const batch of compiled.layOut(window)) {
      const feeds = batchFeeds(batch, compiled.chunks, compiled.chunkRows);
      const results = await compiled.executable.run({ ...trained, ...feeds });
      loss += floats(results, 'loss')[0]!;
      correct += floats(results, 'correct')[0]!;
    }
    yield { loss, correct, tokens: window.supervisedTokens };
  }
}
