import type { Evaluation, EvaluationOptions, MeasuredDifference, WeightedAdapter } from '../../run/answers';
import { windows } from '../data/batches';
import { openDataset } from '../data/dataset';
import type { Dataset } from '../data/dataset';
import { checkMaxLength } from '../facts/baseModel';
import { Failure } from '../../failure/failure';
import { evaluateEach } from '../train/optimizerStep';
import type { WindowSums } from '../train/optimizerStep';
import { attachAll } from './attached';
import { chooseRuntime } from './chooseRuntime';
import { compileEvaluation } from './compile';
import { scoreAnswers } from './evaluation/answers';
import { meanOf } from './evaluation/intervals';
import type { Interval } from './evaluation/intervals';
import { keepEvaluation } from './evaluation/kept';
import { scorerOf } from './evaluation/scoring';
import { sentence } from './evaluation/verdict';
import { TextModel } from './textModel';

/** Lines of a batch. */
const batchSize = 4;
/** Groups of rows that make an interval narrow enough to tell something. */
const enoughGroups = 30;
/** Rows that take no time worth saving by reading several in one line. */
const fewRows = 1000;

/**
 * Loss, perplexity and accuracy of a model over the rows of a dataset, and with adapters also those of the base, with
 * intervals; and with `score` how many of the answers that it writes are right. What was found out about an adapter is
 * kept in its folder.
 */
export async function evaluateModel(
  options: EvaluationOptions,
  signal?: AbortSignal,
  onProgress: (words: string) => void = () => undefined,
): Promise<Evaluation> {
  const { adapters, score } = options;
  const scorer = score === undefined ? undefined : scorerOf(score.method);
  const model = await TextModel.open({ baseModel: options.baseModel });
  const maxLength = options.maxLength ?? Math.min(512, model.base.model.contextLength);
  checkMaxLength(model.base, maxLength);
  const dataset = await openRows(options, model, maxLength);
  try {
    onProgress(adapters.length === 0 ? 'measuring' : 'measuring with the adapter');
    const own = await measure(model, dataset, adapters, maxLength, signal);
    if (adapters.length > 0) onProgress('measuring the base model');
    const base = adapters.length === 0 ? undefined : await measure(model, dataset, [], maxLength, signal);
    const found: Evaluation = {
      ...figures(own),
      ...(base === undefined ? {} : { base: { ...figures(base), difference: lossDifference(own, base) } }),
    };
    let scored: Pick<Evaluation, 'score'> = {};
    if (score !== undefined) {
      for (const { folder } of adapters) await model.attach(folder, folder);
      const onAnswer = (done: number, all: number): void => onProgress(`answering: ${done} of ${all}`);
      scored = { score: await scoreAnswers(model, dataset, { ...score, scorer: scorer!, adapters, signal, onAnswer }) };
    }
    const verdict = sentence({ ...found, ...scored });
    const evaluation = { ...found, ...scored, ...(verdict === undefined ? {} : { verdict }) };
    return { ...evaluation, ...(options.keep === true ? await kept(options, evaluation) : {}) };
  } finally {
    await dataset.close();
    await model.close();
  }
}

/** Keeps what was found; a folder that cannot be written must not lose what took long to measure. */
async function kept(
  options: EvaluationOptions,
  evaluation: Evaluation,
): Promise<Pick<Evaluation, 'kept' | 'not_kept' | 'trained_on'>> {
  try {
    return await keepEvaluation(options, evaluation);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { not_kept: error.message };
  }
}

/** How gsm8k calls question and answer. */
const gsm8kColumns = { prompt: 'question', completion: 'answer' };

/** The dataset; of gsm8k's own files the columns need not be told. */
async function openRows(options: EvaluationOptions, model: TextModel, maxLength: number): Promise<Dataset> {
  const open = (columns: Readonly<Record<string, string>>): Promise<Dataset> =>
    openDataset(
      {
        path: options.dataset,
        format: 'auto',
        columns,
        maxLength,
        completionOnlyLoss: true,
        seed: 0,
        shuffle: false,
        evalSplit: 0,
        part: 'train',
      },
      model.tokenizer,
      model.base.folder.chatTemplate,
    );
  try {
    return await open(options.columns ?? {});
  } catch (error) {
    const isUnknown = error instanceof Failure && error.code === 'dataset-format-unknown';
    if (!isUnknown || options.columns !== undefined) throw error;
    return open(gsm8kColumns).catch(() => {
      throw error;
    });
  }
}

async function measure(
  model: TextModel,
  dataset: Dataset,
  adapters: readonly WeightedAdapter[],
  maxLength: number,
  signal: AbortSignal | undefined,
): Promise<readonly WindowSums[]> {
  const { base } = model;
  const attached = await attachAll(base, adapters);
  const runtime = chooseRuntime({ runtime: 'auto', device: 'cpu', threads: 0 });
  const sizes = { batchSize, maxLength };
  const compiled = await compileEvaluation(runtime, base, attached?.adapter, sizes, await model.weights());
  try {
    const rows = windows(dataset, { ...groupsOf(dataset.rowCount), accumulation: 1, maxLength, epochs: 1 });
    const sums: WindowSums[] = [];
    for await (const window of evaluateEach(compiled, attached?.tensors ?? {}, rows, signal)) sums.push(window);
    return sums;
  } finally {
    await compiled.executable.dispose();
  }
}

/** What is read at once is one group of the intervals, of which few rows must not become too few. */
function groupsOf(rows: number): { readonly batchSize: number; readonly packing: boolean } {
  if (rows > fewRows) return { batchSize, packing: true };
  return { batchSize: Math.max(1, Math.min(batchSize, Math.floor(rows / enoughGroups))), packing: false };
}

function figures(windows: readonly WindowSums[]) {
  const loss = meanOf(windows.map((window) => ({ sum: window.loss, count: window.tokens })));
  const accuracy = meanOf(windows.map(({ correct, tokens }) => ({ sum: correct, count: tokens })));
  return {
    eval_loss: loss.mean,
    perplexity: Math.exp(loss.mean),
    mean_token_accuracy: accuracy.mean,
    tokens: windows.reduce((sum, { tokens }) => sum + tokens, 0),
    eval_loss_interval: known(loss.interval),
    mean_token_accuracy_interval: share(known(accuracy.interval)),
  };
}

/** Row by row, so that how hard the rows are does not count. */
function lossDifference(own: readonly WindowSums[], base: readonly WindowSums[]): MeasuredDifference {
  return meanOf(own.map(({ loss, tokens }, i) => ({ sum: loss - base[i]!.loss, count: tokens })));
}

/** An interval of a share ends where shares do. */
function share(interval: Interval | null): Interval | null {
  return interval === null ? null : [Math.max(0, interval[0]), Math.min(1, interval[1])];
}

/** `null` where there is too little to say. */
function known(interval: Interval): Interval | null {
  return interval.every(Number.isFinite) ? interval : null;
}
