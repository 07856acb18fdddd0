import path from 'node:path';
import { isRecipe, type RecipeDraft } from '../../recipe/draft';
import { isUnread, type DataFacts, type Facts, type TokenFacts, type Unread } from '../../recipe/facts';
import { parseRecipe } from '../../recipe/parse';
import { resolveRecipe } from '../../recipe/resolve';
import type { ReadingOptions } from '../data/reading';
import type { RowFormat } from '../data/rowFormat';
import type { Tokenizer } from '../data/tokenizer';
import { openBaseModel, openModelTokenizer } from './baseModel';
import type { BaseModel } from './baseModel';
import { dataFacts } from './dataFacts';
import { unlessFailure } from './failureFacts';
import { machineFacts } from './machineFacts';
import { modelFacts } from './modelFacts';
import { patternFacts } from './patternFacts';
import { placeFacts } from './placeFacts';
import { startFacts } from './startFacts';
import { tokenFacts } from './tokenFacts';

export interface FactsRequest {
  readonly text: string;
  /** Absolute path of the recipe. */
  readonly file: string;
  /** The folder that everything of the project lies in; without it found by `workspaceOf`. */
  readonly workspace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How files are opened. Whoever asks often gives functions that remember what has not changed. */
export interface FactSources {
  openModel(reference: string, from: string): Promise<BaseModel>;
  openTokenizer(base: BaseModel): Promise<Tokenizer>;
  data(file: string, draft: RecipeDraft, signal?: AbortSignal): Promise<DataFacts>;
}

export const plainSources: FactSources = {
  openModel: openBaseModel,
  openTokenizer: openModelTokenizer,
  data: dataFacts,
};

/**
 * Everything that checks need to know about a recipe's model, data, machine and places. Only reads. What cannot be read
 * is in the answer as well; parts that the recipe does not say enough for are missing.
 */
export async function gatherFacts(request: FactsRequest, sources: FactSources = plainSources): Promise<Facts> {
  const { draft } = parseRecipe(request.text);
  const { file, workspace } = request;
  const folder = path.dirname(file);
  const { lora, method } = draft;
  const opened = await open(draft, request, sources);
  const { base, data, evalData } = opened;
  const model = base === undefined || isUnread(base) ? base : modelFacts(base);
  const isLora = method !== 'full';
  const start = await ifGiven(isLora ? (lora?.init_from ?? undefined) : undefined, (given) =>
    startFacts(path.resolve(folder, given)),
  );
  return {
    model,
    data,
    evalData,
    ...(await tokens(draft, opened, request, sources)),
    patterns: model === undefined || isUnread(model) || !isLora ? undefined : patternFacts(draft, model),
    start,
    machine: await machineFacts(),
    places: await placeFacts(draft, file, workspace),
  };
}

interface Opened {
  readonly base: BaseModel | Unread | undefined;
  readonly data: DataFacts | Unread | undefined;
  readonly evalData: DataFacts | Unread | undefined;
}

/** What rows look like as tokens alone: the part that takes longest. */
export async function gatherTokens(
  request: FactsRequest,
  sources: FactSources = plainSources,
): Promise<Pick<Facts, 'tokens' | 'evalTokens'>> {
  const { draft } = parseRecipe(request.text);
  return tokens(draft, await open(draft, request, sources), request, sources);
}

async function open(draft: RecipeDraft, { file, signal }: FactsRequest, sources: FactSources): Promise<Opened> {
  const folder = path.dirname(file);
  const { base_model: reference, dataset } = draft;
  const base = await ifGiven(reference, (given) => sources.openModel(given, folder));
  signal?.throwIfAborted();
  const read = (given: string | null | undefined): Promise<DataFacts | Unread | undefined> =>
    ifGiven(given ?? undefined, (name) => sources.data(path.resolve(folder, name), draft, signal));
  return { base, data: await read(dataset?.path), evalData: await read(dataset?.eval_path) };
}

/** Where the model or the data cannot be read, that has been said already. */
async function tokens(
  draft: RecipeDraft,
  { base, data, evalData }: Opened,
  { file, signal }: FactsRequest,
  sources: FactSources,
): Promise<Pick<Facts, 'tokens' | 'evalTokens'>> {
  if (!isRecipe(draft) || base === undefined || isUnread(base)) return {};
  const { dataset } = resolveRecipe(draft, { recipeFile: file });
  const options: Omit<ReadingOptions, 'maxLength'> = {
    format: dataset.format as 'auto' | RowFormat,
    columns: dataset.columns,
    template: dataset.template ?? undefined,
    completionOnlyLoss: dataset.completion_only_loss,
  };
  const maxLength = dataset.max_length ?? Math.min(512, base.model.contextLength);
  const tokenizer = await unlessFailure(() => sources.openTokenizer(base));
  if (isUnread(tokenizer)) return { tokens: { failure: { ...tokenizer.failure, path: 'base_model' } } };
  const sample = (part: DataFacts | Unread | undefined): Promise<TokenFacts | Unread | undefined> =>
    ifGiven(part === undefined || !isReadable(part) ? undefined : part.file, (dataFile) =>
      tokenFacts({ file: dataFile, base, tokenizer, options, maxLength, signal }),
    );
  return { tokens: await sample(data), evalTokens: await sample(evalData) };
}

function isReadable(data: DataFacts | Unread): data is DataFacts {
  return !isUnread(data) && !isUnread(data.shape) && data.badRowCount < data.scannedRows;
}

async function ifGiven<Given, T extends object>(
  given: Given | undefined,
  read: (given: Given) => Promise<T>,
): Promise<T | Unread | undefined> {
  return given === undefined ? undefined : unlessFailure(() => read(given));
}
