import path from 'node:path';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import { stepsOfEpochs, stepsPerEpoch } from '../data/batches';
import type { WindowOptions } from '../data/batches';
import { openDataset } from '../data/dataset';
import type { Dataset, DatasetOptions } from '../data/dataset';
import type { Example } from '../data/example';
import type { Tokenizer } from '../data/tokenizer';
import { checkMaxLength } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { plainSources } from '../facts/gatherFacts';
import type { FactSources } from '../facts/gatherFacts';
import { datasetOptions, loraOptions } from '../facts/recipeOptions';
import { planAdapter, planFull } from '../lora/adapter';
import type { Adapter, LoraOptions } from '../lora/adapter';
import { Failure } from '../../failure/failure';
import { evaluationMasked } from './failures';
import { refuseSlowPatterns } from './slowPatterns';
import { initFromTensors } from './startingValues';

/** A recipe with everything it names opened and matched, nothing loaded yet. */
export interface Prepared {
  readonly loaded: LoadedRecipe;
  readonly base: BaseModel;
  readonly tokenizer: Tokenizer;
  readonly adapter: Adapter;
  readonly lora: LoraOptions;
  /** Tokens of the longest row. */
  readonly maxLength: number;
  readonly train: Dataset;
  /** Undefined: nothing is held back for evaluation. */
  readonly evaluation: Dataset | undefined;
  readonly windowOptions: WindowOptions;
}

/** How a run's model and tokenizer are opened; whoever has them open already gives them. */
export type PreparedFrom = Pick<FactSources, 'openModel' | 'openTokenizer'>;

interface Reading {
  /** Tokens of the longest row. */
  readonly maxLength: number;
  readonly optionsOf: (part: 'train' | 'eval') => DatasetOptions;
}

/** Opens base model, tokenizer and data of a recipe, and finds what its adapter changes. Throws a Failure. */
export async function prepare(loaded: LoadedRecipe, from: PreparedFrom = plainSources): Promise<Prepared> {
  const { recipe } = loaded;
  const folder = path.dirname(loaded.file);
  const base = await from.openModel(recipe.base_model, folder);
  refuseSlowPatterns(loaded.text, base);
  const lora = loraOptions(recipe.lora);
  const adapter = recipe.method === 'full' ? planFull(base.model) : planAdapter(base.model, lora);
  await initFromTensors({ base, adapter, loaded });
  const tokenizer = await from.openTokenizer(base);
  const { maxLength, optionsOf } = readingOf(loaded, base);
  const open = (part: 'train' | 'eval'): Promise<Dataset> =>
    openDataset(optionsOf(part), tokenizer, base.folder.chatTemplate);
  const train = await open('train');
  const hasEvaluation = recipe.dataset.eval_path !== null || recipe.dataset.eval_split > 0;
  const evaluation = hasEvaluation ? await open('eval') : undefined;
  const { training, dataset } = recipe;
  return {
    loaded,
    base,
    tokenizer,
    adapter,
    lora,
    maxLength,
    train,
    evaluation: evaluation !== undefined && evaluation.rowCount > 0 ? evaluation : undefined,
    windowOptions: {
      batchSize: training.per_device_train_batch_size,
      accumulation: training.gradient_accumulation_steps,
      packing: dataset.packing,
      maxLength,
      // The number of steps ends a run: with packing, epochs may differ by a step, and for large files it is estimated.
      epochs: undefined,
    },
  };
}

/**
 * How a recipe's data is read with its model.
 * @throws Failure `max-length-beyond-context`
 */
export function readingOf({ file, recipe }: LoadedRecipe, base: BaseModel): Reading {
  const folder = path.dirname(file);
  const maxLength = recipe.dataset.max_length ?? Math.min(512, base.model.contextLength);
  checkMaxLength(base, maxLength);
  const { eval_path: evalPath } = recipe.dataset;
  const paths = {
    train: path.resolve(folder, recipe.dataset.path),
    eval: evalPath === null ? undefined : path.resolve(folder, evalPath),
  };
  return { maxLength, optionsOf: (part) => datasetOptions(recipe, part, paths, maxLength) };
}

/**
 * Whether there is anything to learn, and to measure: found out before a run begins, not in its first evaluation.
 * @throws Failure `dataset-all-masked`, `evaluation-all-masked`
 */
export async function checkExamples({ train, evaluation }: Prepared): Promise<void> {
  await firstExample(train);
  if (evaluation === undefined) return;
  try {
    await firstExample(evaluation);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'dataset-all-masked') throw error;
    throw evaluationMasked(evaluation.path, evaluation.rowCount);
  }
}

/** The first row of the first epoch that can be learnt from. */
export async function firstExample(dataset: Dataset): Promise<Example> {
  for await (const example of dataset.examples(0)) return example;
  throw new Error('A dataset without rows was opened');
}

/** Optimizer steps of an epoch and of the whole run. */
export async function countSteps(prepared: Prepared): Promise<{ perEpoch: number; total: number; estimated: boolean }> {
  const { max_steps: maxSteps, num_train_epochs: epochs } = prepared.loaded.recipe.training;
  const { steps, estimated } = await stepsPerEpoch(prepared.train, prepared.windowOptions);
  const total = maxSteps > 0 ? maxSteps : await stepsOfEpochs(prepared.train, prepared.windowOptions, epochs);
  return { perEpoch: steps, total, estimated };
}

export async function closePrepared(prepared: Prepared): Promise<void> {
  await prepared.train.close();
  await prepared.evaluation?.close();
}
