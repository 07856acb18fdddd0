import type { Evaluation, EvaluationOptions } from '../../run/answers';
import { windows } from '../data/batches';
import { openDataset } from '../data/dataset';
import { checkMaxLength, openBaseModel, openModelTokenizer } from '../facts/baseModel';
import { evaluateWindows } from '../train/optimizerStep';
import type { CompiledLoss } from '../train/optimizerStep';
import { attachAll } from './attached';
import { chooseRuntime } from './chooseRuntime';
import { compileEvaluation } from './compile';
import { openWeights } from './openWeights';

const batchSize = 4;

/** Loss, perplexity and accuracy of a model, with or without an adapter, over the rows of a dataset. */
export async function evaluateModel(options: EvaluationOptions, signal?: AbortSignal): Promise<Evaluation> {
  const base = await openBaseModel(options.baseModel, process.cwd());
  const tokenizer = await openModelTokenizer(base);
  const attached = await attachAll(base, options.adapters);
  const maxLength = options.maxLength ?? Math.min(512, base.model.contextLength);
  checkMaxLength(base, maxLength);
  const dataset = await openDataset(
    {
      path: options.dataset,
      format: 'auto',
      columns: {},
      maxLength,
      completionOnlyLoss: true,
      seed: 0,
      shuffle: false,
      evalSplit: 0,
      part: 'train',
    },
    tokenizer,
    base.folder.chatTemplate,
  );
  const runtime = chooseRuntime({ runtime: 'auto', device: 'cpu', threads: 0 });
  const weights = await openWeights(base, 'none', 'cpu');
  let compiled: CompiledLoss | undefined;
  try {
    compiled = await compileEvaluation(runtime, base, attached?.adapter, { batchSize, maxLength }, weights.source);
    const rows = windows(dataset, { batchSize, accumulation: 1, packing: true, maxLength, epochs: 1 });
    const { loss, accuracy, tokens } = await evaluateWindows(compiled, attached?.tensors ?? {}, rows, signal);
    return { eval_loss: loss, perplexity: Math.exp(loss), mean_token_accuracy: accuracy, tokens };
  } finally {
    await compiled?.executable.dispose();
    await weights.close();
    await dataset.close();
  }
}
