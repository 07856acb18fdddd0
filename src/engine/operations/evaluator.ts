import type { TrainingEvent } from '../../run/trainingEvent';
import { windows } from '../data/batches';
import type { Window } from '../data/batches';
import { endIds } from '../facts/baseModel';
import { generate } from '../generate/generate';
import { greedy } from '../generate/sampling';
import { TextStream } from '../generate/textStream';
import type { Executable, Runtime, WeightSource } from '../runtime/runtime';
import { tensorFeeds } from '../train/feeds';
import { evaluateWindows } from '../train/optimizerStep';
import type { CompiledLoss } from '../train/optimizerStep';
import type { Evaluated, TrainingState } from '../train/state';
import { compileEvaluation, compileLogits, halfAndBlocks } from './compile';
import type { Prepared } from './prepare';

const sampleTokens = 48;

/** A share of a large file is far more than what measures progress well, and would take longer than the training. */
const enoughRows = 1000;

/** Rows that an evaluation uses, the same each time: all of a file of their own, otherwise so many as are enough. */
export function evaluationRows({ evaluation, loaded }: Prepared): number {
  const rows = evaluation?.rowCount ?? 0;
  return loaded.recipe.dataset.eval_path === null ? Math.min(enoughRows, rows) : rows;
}

async function* upTo(rows: number, all: AsyncIterable<Window>): AsyncGenerator<Window> {
  let count = 0;
  for await (const window of all) {
    yield window;
    count += window.bins.flat().length;
    if (count >= rows) return;
  }
}

/** Looks at the model as it is being trained: loss on the evaluation rows, and continuations of prompts. */
export class Evaluator {
  #loss: Promise<CompiledLoss> | undefined;
  #logits: Promise<Executable> | undefined;

  constructor(
    private readonly prepared: Prepared,
    private readonly runtime: Runtime,
    private readonly weights: WeightSource,
    private readonly state: TrainingState,
  ) {}

  /** Rejects when `signal` is aborted. */
  async evaluate(signal: AbortSignal): Promise<Evaluated> {
    const { base, adapter, evaluation, maxLength, windowOptions, loaded } = this.prepared;
    if (evaluation === undefined) throw new Error('There is nothing to evaluate on');
    const batchSize = loaded.recipe.training.per_device_eval_batch_size;
    this.#loss ??= compileEvaluation(this.runtime, base, adapter, { batchSize, maxLength }, this.weights);
    const rows = windows(evaluation, { ...windowOptions, batchSize, accumulation: 1, epochs: 1 });
    const used = upTo(evaluationRows(this.prepared), rows);
    return evaluateWindows(await this.#loss, tensorFeeds(this.state.tensors), used, signal);
  }

  /** Ends when `signal` is aborted. */
  async *samples(signal: AbortSignal): AsyncGenerator<TrainingEvent> {
    const { base, adapter, tokenizer, loaded } = this.prepared;
    const { contextLength } = base.model;
    this.#logits ??= compileLogits(this.runtime, base, adapter, contextLength, this.weights, halfAndBlocks);
    const source = { executable: await this.#logits, trained: tensorFeeds(this.state.tensors) };
    const limits = { maxNewTokens: sampleTokens, contextLength, endIds: endIds(base, tokenizer) };
    for (const prompt of loaded.recipe.training.sample_prompts) {
      const ids = tokenizer.encode(prompt);
      // Nothing to go on from: this model puts no token before a text.
      if (ids.length === 0) continue;
      const continuation = new TextStream(tokenizer, ids);
      for await (const id of generate(source, ids, greedy, limits)) {
        if (signal.aborted) return;
        continuation.push(id);
      }
      yield { type: 'sample', step: this.state.progress.step, prompt, text: continuation.text };
    }
  }

  async dispose(): Promise<void> {
    await (await this.#loss)?.executable.dispose();
    await (await this.#logits)?.dispose();
  }
}
