import os from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseRecipe } from '../../recipe/parse';
import { resolveRecipe } from '../../recipe/resolve';
import { recipeDefaults } from '../../recipe/recipe.generated';
import { starterRecipe } from '../../recipe/starterRecipe';
import type { Proposal, ProposeParams } from '../../run/proposal';
import { defaultDatasetLimits, openDataset } from '../data/dataset';
import type { Dataset } from '../data/dataset';
import { openBaseModel, openModelTokenizer } from '../facts/baseModel';
import type { BaseModel } from '../facts/baseModel';
import { loraOptions } from '../facts/recipeOptions';
import { planAdapter } from '../lora/adapter';
import type { Adapter } from '../lora/adapter';
import { countParameters } from '../models/model';
import { memoryBytes } from '../plan/planRun';
import { activationBytes } from './activationBytes';
import { describeDataset } from './describeDatasets';
import type { Shape } from './fittingMemory';
import { heldWeights, storedForms } from './heldWeights';
import { planRecipe } from './planRecipe';
import type { SampledRow } from './proposedLength';
import { proposeValues } from './proposedValues';
import type { RecipeFacts } from './proposedValues';

/** Rows that are tokenized to learn how long they are. */
const sampledRows = 200;
/** A row longer than this is longer than anything that is proposed. */
const measured = 16_384;
/** The share of free memory that a run may take: the editor and the system go on. */
const usableMemory = 0.8;

/**
 * Values for a recipe of this model and dataset on this machine. Reads the model's configuration, not its weights, and
 * of the dataset a sample.
 * @throws Failure as `openBaseModel` and `openDataset` do; the signal's reason when it is aborted
 */
export async function proposeRecipe(params: ProposeParams, signal?: AbortSignal): Promise<Proposal> {
  const folder = path.dirname(params.recipeFile);
  const file = path.resolve(folder, params.dataset);
  const base = await openBaseModel(params.baseModel, folder);
  signal?.throwIfAborted();
  const data = await sampleData(base, file, params.columns, signal);
  signal?.throwIfAborted();
  const { values, warnings } = proposeValues({
    model: {
      parameters: countParameters(base.model),
      contextLength: base.model.contextLength,
      hiddenSize: base.model.hiddenSize,
    },
    data,
    adapterSize: (r, targets) => countTrainable(adapterOf(base, r, targets)),
    memory: { free: freeMemory(), needed: (shape) => memoryOf(base, shape) },
  });
  const description = await describeDataset(file, params.columns);
  signal?.throwIfAborted();
  const text = starterRecipe({ ...params, proposed: { summary: '', values }, readIn: 'command line' });
  const plan = await planOf(params.recipeFile, text);
  return {
    data: description.words,
    values,
    figures: {
      trainable_params: plan.adapter.trainable_params,
      trainable_percent: plan.adapter.trainable_percent,
      file_bytes: plan.adapter.file_bytes,
      memory_bytes: plan.memory.lora_bytes,
      total_steps: plan.data.total_steps,
    },
    warnings: [...warnings, ...plan.warnings],
  };
}

async function planOf(recipeFile: string, text: string): ReturnType<typeof planRecipe> {
  const { recipe, problems } = parseRecipe(text);
  if (recipe === undefined || problems.length > 0) {
    throw new Error(`A proposed recipe has a problem: ${problems[0]?.message ?? 'unreadable'}`);
  }
  return planRecipe({ file: recipeFile, text, recipe: resolveRecipe(recipe, { recipeFile }) });
}

async function sampleData(
  base: BaseModel,
  file: string,
  columns: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<RecipeFacts['data']> {
  const tokenizer = await openModelTokenizer(base);
  signal?.throwIfAborted();
  const { dataset: defaults, training } = recipeDefaults;
  const dataset = await openDataset(
    {
      path: file,
      format: 'auto',
      columns,
      maxLength: measured,
      completionOnlyLoss: defaults.completion_only_loss,
      seed: training.seed,
      shuffle: true,
      evalSplit: 0,
      part: 'train',
    },
    tokenizer,
    base.folder.chatTemplate,
    // What is checked row by row when the recipe is checked need not be checked twice.
    { ...defaultDatasetLimits, checkBytes: 0 },
  );
  try {
    const sample = await sampleRows(dataset, signal);
    const isComplete = dataset.rowCountIsExact && sample.length >= dataset.rowCount - dataset.skippedRows;
    return { rows: dataset.rowCount, sample, isComplete };
  } finally {
    await dataset.close();
  }
}

async function sampleRows(dataset: Dataset, signal: AbortSignal | undefined): Promise<readonly SampledRow[]> {
  const sample: SampledRow[] = [];
  for await (const { ids, supervised } of dataset.examples(0)) {
    // Tokenizing blocks the thread: a cancellation is heard between two rows.
    if (signal !== undefined) await setImmediate();
    signal?.throwIfAborted();
    sample.push({ tokens: ids.length, answerAt: Math.max(1, supervised.indexOf(1)) });
    if (sample.length === sampledRows) break;
  }
  return sample;
}

function adapterOf({ model }: BaseModel, r: number, targets: Shape['targets']): Adapter {
  return planAdapter(model, loraOptions({ ...recipeDefaults.lora, r, lora_alpha: 2 * r, target_modules: targets }));
}

function countTrainable({ trainables }: Adapter): number {
  return trainables.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function memoryOf(base: BaseModel, { r, targets, maxLength, batchSize, recomputes, quantization }: Shape): number {
  const adapter = adapterOf(base, r, targets);
  const recomputation = recomputes ? 'blocks' : 'cheap';
  const held = heldWeights(base.model, storedForms(base), quantization, 'cpu');
  const isPacked = (name: string): boolean => held.packed.has(name);
  const activations = activationBytes(base, adapter, { batchSize, maxLength, recomputation }, undefined, isPacked);
  return memoryBytes(base.model, held.bytes, countTrainable(adapter), activations);
}

/** What is free, in a container what it may still take. */
function freeMemory(): number {
  // Node in older editors does not tell it.
  const available = (process as Partial<Pick<NodeJS.Process, 'availableMemory'>>).availableMemory?.();
  return usableMemory * Math.min(available ?? os.freemem(), os.totalmem());
}
