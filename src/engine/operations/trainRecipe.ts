import path from 'node:path';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import type { Plan } from '../../run/plan';
import type { TrainingEvent } from '../../run/trainingEvent';
import { errorEvent } from '../../run/failures';
import { Failure } from '../../failure/failure';
import { windows } from '../data/batches';
import { isComplete, train } from '../train/loop';
import { initialLossScale } from '../train/lossScale';
import type { Outcome } from '../train/loop';
import type { PauseGate } from '../train/pauseGate';
import type { CompiledLoss } from '../train/optimizerStep';
import { rehearse } from '../train/rehearsal';
import type { TrainingSettings } from '../train/settings';
import { initialState } from '../train/state';
import type { TrainingState } from '../train/state';
import { listCheckpoints } from '../checkpoint/checkpoint';
import type { RunFolder } from '../checkpoint/runFolder';
import { keepsBlocksOn } from '../devices/devices';
import { chooseRuntime } from './chooseRuntime';
import { compileTraining } from './compile';
import { Evaluator } from './evaluator';
import { openWeights } from './openWeights';
import type { OpenWeights } from './openWeights';
import { planPrepared } from './planRecipe';
import { preflight } from './preflight';
import { closePrepared, prepare } from './prepare';
import type { Prepared } from './prepare';
import { prove } from './prove';
import { loadCheckpoint, openRun, saveCheckpoint } from './runStore';
import { couldLearn, settingsOf } from './settings';
import { startingValues } from './startingValues';
import { checkOutput, isWritten, writeResult } from './writeResult';
import type { InitialAdapter } from '../lora/initialize';

export interface TrainOptions {
  /** Run id, or `latest` for this recipe's latest run. */
  readonly resume?: string;
  readonly signal: AbortSignal;
  /** Holds the run between two steps while it is closed. */
  readonly gate?: PauseGate;
  onEvent(event: TrainingEvent): void;
}

/** Trains a recipe from start to adapter folder, or goes on with one of its runs. Throws a Failure. */
export async function trainRecipe(loaded: LoadedRecipe, options: TrainOptions): Promise<Outcome> {
  // Before a run is begun that could not take a step.
  chooseRuntime({ runtime: loaded.recipe.engine.runtime, device: 'cpu', threads: 0 });
  const prepared = await prepare(loaded);
  try {
    const output = path.resolve(path.dirname(loaded.file), loaded.recipe.output);
    await checkOutput(prepared, output);
    const plan = await preflight(prepared, await planPrepared(prepared));
    const { run, isOver } = await openRun(prepared, plan, output, options.resume);
    try {
      if (isOver && run.record.adapter === output && (await isWritten(prepared, output))) {
        for (const event of await endOf(run, plan)) options.onEvent(event);
        return 'finished';
      }
      return await new Training(prepared, plan, run, output, options).complete();
    } catch (error) {
      await noteFailure(run, error);
      throw error;
    } finally {
      await run.close();
    }
  } finally {
    await closePrepared(prepared);
  }
}

/** What is told of a run that had been finished before: nothing is computed or written. */
async function endOf(run: RunFolder, plan: Plan): Promise<readonly TrainingEvent[]> {
  const { step, best_step, total_steps, loss, eval_loss, adapter } = run.record;
  const best = best_step === undefined ? {} : { best_step };
  const checkpoint = (await listCheckpoints(run.checkpoints)).at(-1)?.path ?? null;
  return [
    { type: 'plan', ...plan },
    { type: 'started', run: run.id, folder: run.path, total_steps },
    { type: 'resumed', run: run.id, step, checkpoint },
    { type: 'finished', adapter: adapter ?? '', steps: step, ...best, loss: loss ?? 0, eval_loss },
  ];
}

async function noteFailure(run: RunFolder, error: unknown): Promise<void> {
  try {
    if (error instanceof Failure) await run.append(errorEvent(error));
    await run.log(error instanceof Failure ? `${error.code}: ${error.message}` : describeBug(error));
    await run.update({ status: 'failed' });
  } catch {
    // The disk may be full or gone: what went wrong first is what the user must hear.
  }
}

function describeBug(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** One run between its plan and its adapter. */
class Training {
  constructor(
    private readonly prepared: Prepared,
    private readonly plan: Plan,
    private readonly run: RunFolder,
    private readonly output: string,
    private readonly options: TrainOptions,
  ) {}

  async complete(): Promise<Outcome> {
    const { run, plan, options } = this;
    const { record } = run;
    await this.tell({ type: 'plan', ...plan });
    await this.tell({ type: 'started', run: run.id, folder: run.path, total_steps: record.total_steps });
    for (const message of plan.warnings) await this.tell({ type: 'warning', code: 'plan', message, hint: null });
    const start = await startingValues(this.prepared);
    const state = this.stateFrom(start);
    if (options.resume !== undefined) await this.restore(state);
    await run.update({ status: 'running' });
    const { quantization, runtime } = this.prepared.loaded.recipe.engine;
    const weights = await openWeights(
      this.prepared.base,
      quantization,
      runtime !== 'tensorflow' && (await keepsBlocksOn(record.decided.device ?? 'cpu')),
      start.baseWeights,
      record.decided.precision,
    );
    let outcome: Outcome;
    let steps: number;
    try {
      outcome = await this.train(state, weights);
      ({ step: steps } = state.progress);
      if (outcome === 'finished') await this.prove(state, start, weights);
    } finally {
      await weights.close();
    }
    if (outcome === 'finished') await this.finish(state, start, steps);
    else await run.update({ status: 'cancelled', step: steps, loss: state.progress.loss ?? null });
    return outcome;
  }

  private stateFrom(start: InitialAdapter): TrainingState {
    const { adapter } = this.prepared;
    const mustLearn = adapter.trainables.filter(({ role }) => role === 'lora_B' || role === 'lora_embedding_B');
    return initialState(
      adapter.trainables.map(({ name, shape }) => ({
        name,
        shape,
        values: Float32Array.from(start.tensors.get(name)!),
        // As in Transformers' Trainer not biases and norms: what has one dimension.
        decays: shape.length > 1,
      })),
      mustLearn.map(({ name }) => name),
      this.run.record.decided.precision === 'fp16' ? initialLossScale : undefined,
    );
  }

  private async restore(state: TrainingState): Promise<void> {
    const checkpoint = await loadCheckpoint(this.run, state);
    const { step } = state.progress;
    await this.tell({ type: 'resumed', run: this.run.id, step, checkpoint: checkpoint ?? null });
  }

  private async train(state: TrainingState, { source: weights }: OpenWeights): Promise<Outcome> {
    const { prepared, run, options } = this;
    const { recipe } = prepared.loaded;
    const settings = settingsOf(prepared, run.record);
    if (isComplete(settings, state.progress)) return 'finished';
    const { device = 'cpu', threads, precision = 'fp32', recomputation } = run.record.decided;
    const runtime = chooseRuntime({ runtime: recipe.engine.runtime, device, threads });
    const { batchSize } = prepared.windowOptions;
    const compiled = await compileTraining(
      runtime,
      prepared.base,
      prepared.adapter,
      { batchSize, maxLength: prepared.maxLength, recomputation, precision },
      weights,
    );
    const evaluator = new Evaluator(prepared, runtime, weights, state, precision);
    try {
      await this.rehearse(compiled, state, settings);
      const events = train({
        settings,
        state,
        compiled,
        windows: windows(prepared.train, prepared.windowOptions, state.progress.cursor),
        evaluate: prepared.evaluation === undefined ? undefined : (signal) => evaluator.evaluate(signal),
        sample: recipe.training.sample_prompts.length === 0 ? undefined : (signal) => evaluator.samples(signal),
        saveCheckpoint: (current) => saveCheckpoint(run, current, recipe.training.save_total_limit),
        signal: options.signal,
        gate: options.gate,
      });
      for (;;) {
        const next = await events.next();
        if (next.done === true) return next.value;
        await this.tell(next.value);
      }
    } finally {
      await compiled.executable.dispose();
      await evaluator.dispose();
    }
  }

  /** With packing, rows are joined up to the longest length that is allowed, as far as there are enough of them. */
  private async rehearse(compiled: CompiledLoss, state: TrainingState, settings: TrainingSettings): Promise<void> {
    const { train, windowOptions, maxLength, loaded } = this.prepared;
    const { longest, tokens } = await train.statistics();
    const length = loaded.recipe.dataset.packing ? Math.min(maxLength, tokens) : longest;
    for await (const first of windows(train, windowOptions, state.progress.cursor)) {
      await rehearse(compiled, state, settings, { rows: windowOptions.batchSize, length }, first);
      return;
    }
  }

  /** Goes back to the best state, if it is to be kept, and shows that it differs from the base model. */
  private async prove(state: TrainingState, start: InitialAdapter, { source }: OpenWeights): Promise<void> {
    const { prepared, run } = this;
    const { progress } = state;
    const { best } = progress;
    if (prepared.loaded.recipe.training.load_best_model_at_end && best !== undefined && best.step !== progress.step) {
      await loadCheckpoint(run, state, best.step);
    }
    if (couldLearn(settingsOf(prepared, run.record), state.progress.step)) {
      await this.tell({ type: 'proof', ...(await prove(prepared, state, start, source, run.record.decided)) });
    }
  }

  /** Writes the adapter; `steps` were made, of which the best may have been loaded again. */
  private async finish(state: TrainingState, start: InitialAdapter, steps: number): Promise<void> {
    const { prepared, plan, run, output } = this;
    const { step, loss } = state.progress;
    // Of what is written: the best state's evaluation where that was loaded.
    const { lastEval } = state.progress;
    const trained = new Map(state.tensors.map(({ name, values }) => [name, values]));
    const result = {
      trained,
      initial: start.tensors,
      steps: step,
      loss,
      evalLoss: lastEval?.loss,
      datasetHash: run.record.decided.dataset_sha256,
      losses: await run.losses(),
    };
    await writeResult(prepared, plan, result, output);
    const eval_loss = lastEval?.loss ?? null;
    const best_step = step === steps ? undefined : step;
    await run.update({ status: 'finished', step: steps, best_step, loss: loss ?? null, eval_loss, adapter: output });
    const best = best_step === undefined ? {} : { best_step };
    await this.tell({ type: 'finished', adapter: output, steps, ...best, loss: loss ?? 0, eval_loss });
  }

  private async tell(event: TrainingEvent): Promise<void> {
    await this.run.append(event);
    if (event.type !== 'plan' && event.type !== 'step' && event.type !== 'sample') {
      await this.run.log(JSON.stringify(event));
    }
    this.options.onEvent(event);
  }
}
