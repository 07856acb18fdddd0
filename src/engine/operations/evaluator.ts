import type { TrainingEvent } from '../../run/trainingEvent';
import { windows } from '../data/batches';
import type { Window } from '../data/batches';
import { endIds } from '../facts/baseModel';
import { Continuation } from '../generate/continuation';
import { TextBatch } from '../generate/textBatch';
import type { BatchReader } from '../generate/textBatch';
import type { Precision, Runtime, WeightSource } from '../runtime/runtime';
import { tensorFeeds } from '../train/feeds';
import { evaluateWindows } from '../train/optimizerStep';
import type { CompiledLoss } from '../train/optimizerStep';
import type { Evaluated, TrainingState } from '../train/state';
import { compileEvaluation, halfAndBlocks } from './compile';
import type { Prepared } from './prepare';
import { fixedReader } from './textReaders';

const greedily = { maxNewTokens: 48, temperature: 0, topP: 1, seed: 0 };

interface Texts {
  readonly reader: BatchReader<unknown>;
  readonly batch: TextBatch<unknown>;
}

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
  #texts: Promise<Texts> | undefined;

  constructor(
    private readonly prepared: Prepared,
    private readonly runtime: Runtime,
    private readonly weights: WeightSource,
    private readonly state: TrainingState,
    private readonly precision: Precision = 'fp32',
  ) {}

  /** Rejects when `signal` is aborted. */
  async evaluate(signal: AbortSignal): Promise<Evaluated> {
    const { base, adapter, evaluation, maxLength, windowOptions, loaded } = this.prepared;
    if (evaluation === undefined) throw new Error('There is nothing to evaluate on');
    const batchSize = loaded.recipe.training.per_device_eval_batch_size;
    const { precision } = this;
    this.#loss ??= compileEvaluation(this.runtime, base, adapter, { batchSize, maxLength, precision }, this.weights);
    const rows = windows(evaluation, { ...windowOptions, batchSize, accumulation: 1, epochs: 1 });
    const used = upTo(evaluationRows(this.prepared), rows);
    return evaluateWindows(await this.#loss, tensorFeeds(this.state.tensors), used, signal);
  }

  /** Ends when `signal` is aborted. */
  async *samples(signal: AbortSignal): AsyncGenerator<TrainingEvent> {
    const { base, tokenizer, loaded } = this.prepared;
    this.#texts ??= this.#textBatch();
    const texts = await this.#texts;
    // What the model said before its last steps is no beginning of what it says now.
    texts.batch.forget();
    for (const prompt of loaded.recipe.training.sample_prompts) {
      const ids = tokenizer.encode(prompt);
      // Nothing to go on from: this model puts no token before a text. Or no room for a word.
      if (ids.length === 0 || ids.length >= base.model.contextLength) continue;
      const options = { ...greedily, ids, choice: undefined, endIds: endIds(base, tokenizer), signal };
      const continuation = new Continuation(options, tokenizer, base.model.contextLength);
      texts.batch.add(continuation);
      try {
        await continuation.whole();
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      yield { type: 'sample', step: this.state.progress.step, prompt, text: continuation.text };
    }
  }

  async #textBatch(): Promise<Texts> {
    const { runtime, weights, precision } = this;
    const { base, adapter } = this.prepared;
    const maxLength = base.model.contextLength;
    const reading = { runtime, base, weights, maxLength, packing: halfAndBlocks, precision };
    const reader = await fixedReader(reading, adapter, () => tensorFeeds(this.state.tensors));
    return { reader, batch: new TextBatch(base.model, reader, { rows: 1, maxLength }) };
  }

  async dispose(): Promise<void> {
    await (await this.#loss)?.executable.dispose();
    await (await this.#texts)?.reader.executable.dispose();
  }
}
