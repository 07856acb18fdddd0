import type { Window } from '../data/batches';
import type { MicroBatch } from '../data/layout';
import { adamWStep } from '../optim/adamw';
import { clipFactor, globalNorm } from '../optim/clipping';
import { scheduleFactor } from '../optim/schedule';
import { floats } from '../runtime/runtime';
import type { Executable, Tensors } from '../runtime/runtime';
import { batchFeeds, dropoutFeeds, tensorFeeds } from './feeds';
import type { DropoutInput } from './feeds';
import type { TrainingSettings } from './settings';
import type { TrainedTensor, TrainingState } from './state';

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

/** Runs a window's micro-batches and adds up loss and gradients; what divides them is the caller's. */
export async function windowGradients(
  compiled: CompiledLoss,
  state: TrainingState,
  settings: Pick<TrainingSettings, 'seed' | 'dropout'>,
  window: Window,
): Promise<WindowGradients> {
  const trained = tensorFeeds(state.tensors);
  let [loss, correct] = [0, 0];
  let gradients: readonly Float32Array[] | undefined;
  for (const [microBatch, batch] of compiled.layOut(window).entries()) {
    const place = { seed: settings.seed, step: state.progress.step + 1, microBatch };
    const feeds = batchFeeds(batch, compiled.chunks, compiled.chunkRows);
    const masks = dropoutFeeds(compiled.dropoutInputs, feeds, settings.dropout, place);
    const results = await compiled.executable.run({ ...trained, ...feeds, ...masks });
    loss += floats(results, 'loss')[0]!;
    correct += floats(results, 'correct')[0]!;
    gradients = addGradients(gradients, state.tensors, results);
  }
  return { loss, correct, gradients: gradients ?? [] };
}

/** The update of one optimizer step. */
export interface Update {
  readonly learningRate: number;
  /** Before clipping; not finite where a gradient is not, and then nothing has been updated. */
  readonly gradNorm: number;
}

/** Averages the gradients over the window's supervised tokens, clips them, and updates the tensors in place. */
export function updateTensors(
  state: TrainingState,
  settings: TrainingSettings,
  gradients: readonly Float32Array[],
  supervisedTokens: number,
): Update {
  const { step } = state.progress;
  const factor = scheduleFactor(settings.schedulerType, step, settings.warmupSteps, settings.totalSteps);
  const learningRate = settings.learningRate * factor;
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
