import type { TestContext } from 'node:test';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import type { Window } from '../../../src/engine/data/batches';
import type { Example } from '../../../src/engine/data/example';
import { openBaseModel, readWeight } from '../../../src/engine/facts/baseModel';
import { planAdapter } from '../../../src/engine/lora/adapter';
import { initializeAdapter } from '../../../src/engine/lora/initialize';
import { compileTraining, weightSource } from '../../../src/engine/operations/compile';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import type { Precision } from '../../../src/engine/runtime/runtime';
import type { Job, Outcome } from '../../../src/engine/train/loop';
import { train } from '../../../src/engine/train/loop';
import { initialLossScale } from '../../../src/engine/train/lossScale';
import type { CompiledLoss } from '../../../src/engine/train/optimizerStep';
import type { TrainingSettings } from '../../../src/engine/train/settings';
import { copyState, initialState } from '../../../src/engine/train/state';
import type { TrainingState } from '../../../src/engine/train/state';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';
import { options } from '../lora/models';

export const settings: TrainingSettings = {
  seed: 1,
  totalSteps: 4,
  rowsPerEpoch: 8,
  learningRate: 1e-2,
  schedulerType: 'constant',
  warmupSteps: 0,
  adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  maxGradNorm: 1,
  evalSteps: 1000,
  saveSteps: 1000,
  earlyStoppingPatience: null,
  loadBestModelAtEnd: false,
  dropout: 0,
};

/** A training graph of the tiny model with its starting state. */
export interface TinyTraining {
  readonly compiled: CompiledLoss;
  readonly state: TrainingState;
}

export async function tinyTraining(
  t: TestContext,
  batchSize = 4,
  precision: Precision = 'fp32',
): Promise<TinyTraining> {
  const folder = await temporaryFolder(t);
  await writeTinyModel(folder);
  const base = await openBaseModel(folder, '.');
  const adapter = planAdapter(base.model, options({ targetModules: ['q_proj', 'v_proj'] }));
  const start = await initializeAdapter(adapter, 1, (name) => readWeight(base, name));
  const compiled = await compileTraining(
    new OnnxRuntime({ threads: 1 }),
    base,
    adapter,
    { batchSize, maxLength: 32, recomputation: 'none', precision },
    weightSource(base),
  );
  t.after(() => compiled.executable.dispose());
  const tensors = adapter.trainables.map(({ name, shape }) => ({
    ...{ name, shape, decays: true },
    values: start.tensors.get(name)!.slice(),
  }));
  const mustLearn = adapter.trainables.filter(({ role }) => role === 'lora_B').map(({ name }) => name);
  return { compiled, state: initialState(tensors, mustLearn, precision === 'fp16' ? initialLossScale : undefined) };
}

/** A row of `length` tokens of which the last `supervised` are learnt. */
export function row(length: number, supervised = length - 1, seed = 1): Example {
  return {
    ids: Int32Array.from({ length }, (_, i) => 3 + ((seed * 31 + i * 7) % 96)),
    supervised: Uint8Array.from({ length }, (_, i) => (i >= length - supervised ? 1 : 0)),
    row: 0,
  };
}

/** What one optimizer step trains on: one row in each line. */
export function windowOf(rows: readonly Example[], consumed = rows.length, epoch = 0): Window {
  return {
    epoch,
    bins: rows.map((example) => [example]),
    supervisedTokens: rows.reduce((sum, { supervised }) => sum + supervised.reduce((a, b) => a + b, 0), 0),
    tokens: rows.reduce((sum, { ids }) => sum + ids.length, 0),
    cursor: { epoch, consumed, pending: [] },
    endOfEpoch: false,
  };
}

/** Windows without end, of `make(0)`, `make(1)`, … */
export async function* endless(make: (step: number) => Window, from = 0): AsyncGenerator<Window> {
  for (let step = from; ; step++) yield await Promise.resolve(make(step));
}

/** A job over varied rows, with the states that it stored. */
export function jobOf(
  { compiled, state }: TinyTraining,
  changes: Partial<Omit<Job, 'settings' | 'saveCheckpoint'>> & { readonly settings?: Partial<TrainingSettings> } = {},
): { job: Job; saved: TrainingState[] } {
  const saved: TrainingState[] = [];
  const job: Job = {
    state,
    compiled,
    windows: endless((step) => windowOf([row(8, 4, step), row(12, 6, step + 1)]), state.progress.step),
    evaluate: undefined,
    sample: undefined,
    signal: new AbortController().signal,
    ...changes,
    settings: { ...settings, ...changes.settings },
    saveCheckpoint: (current) => {
      saved.push(copyState(current));
      return Promise.resolve(`step-${current.progress.step}`);
    },
  };
  return { job, saved };
}

/** All events of a job and how it ended. */
export async function run(
  job: Job,
  onEvent: (event: TrainingEvent) => void = () => undefined,
): Promise<{ events: TrainingEvent[]; outcome: Outcome }> {
  const events: TrainingEvent[] = [];
  const generator = train(job);
  for (;;) {
    const next = await generator.next();
    if (next.done === true) return { events, outcome: next.value };
    events.push(next.value);
    onEvent(next.value);
  }
}
