import type { LoadedRecipe } from '../recipe/loadedRecipe';
import type {
  CheckedFile,
  Evaluation,
  EvaluationOptions,
  GeneratedText,
  Generation,
  GenerationOptions,
  MachineReport,
  RunSummary,
  TokensRow,
} from '../run/answers';
import type { CombineOutcome, CombineRequest } from '../run/combine';
import type { DownloadNews, DownloadOutcome, DownloadRequest, ListedModel } from '../run/download';
import type { Exported, ExportRequest, Imported, ImportRequest, ListedFormat } from '../run/export';
import type { MergeNews, MergeOutcome, MergeRequest } from '../run/merge';
import type { Plan } from '../run/plan';
import type { DatasetDescription, FoundIngredients, Proposal, ProposeParams } from '../run/proposal';
import type { PublishNews, PublishOutcome, PublishRequest } from '../run/publish';
import type { ServeNews, ServeOptions } from '../run/serving';
import type { TrainingEvent } from '../run/trainingEvent';

export interface TrainOptions {
  /** Run id, or `latest` for this recipe's latest run. */
  readonly resume?: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: TrainingEvent) => void;
}

/** All that the commands ask of the engine. Expected failures are thrown as `Failure`. */
export interface Engine {
  plan(recipe: LoadedRecipe, signal?: AbortSignal): Promise<Plan>;
  train(recipe: LoadedRecipe, options: TrainOptions): Promise<'finished' | 'cancelled'>;
  /** The first `rows` rows of the training file, before packing and shuffling. */
  tokens(recipe: LoadedRecipe, rows: number): Promise<readonly TokensRow[]>;
  /** Problems of the recipe, its model and its data; never throws for what is wrong in them. */
  check(file: string): Promise<CheckedFile>;
  evaluate(options: EvaluationOptions, signal?: AbortSignal, onProgress?: (words: string) => void): Promise<Evaluation>;
  generate(
    options: GenerationOptions,
    onText: (piece: GeneratedText) => void,
    signal?: AbortSignal,
  ): Promise<Generation>;
  /** Writes base model and adapters as one model; a stop leaves nothing behind. */
  merge(request: MergeRequest, onNews: (news: MergeNews) => void, signal: AbortSignal): Promise<MergeOutcome>;
  /** Makes one adapter of several; a stop leaves nothing behind. */
  combine(
    request: CombineRequest,
    onNews: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<CombineOutcome>;
  /** Serves until `signal` is aborted. */
  serve(options: ServeOptions, onNews: (news: ServeNews) => void, signal: AbortSignal): Promise<void>;
  /** What `export` can write. */
  exportFormats(): readonly ListedFormat[];
  export(request: ExportRequest, signal: AbortSignal): Promise<Exported>;
  /** Makes a PEFT adapter of one in the layout of mlx-lm or llama.cpp. */
  import(request: ImportRequest): Promise<Imported>;
  /** Puts an adapter's files on the hub. */
  publish(request: PublishRequest, onNews: (news: PublishNews) => void, signal: AbortSignal): Promise<PublishOutcome>;
  /** The runs of the recipes in `folder`, latest first. */
  runs(folder: string): Promise<readonly RunSummary[]>;
  doctor(): Promise<MachineReport>;
  /** Fetches a model from the hub into the local cache; a stop keeps what has arrived. */
  download(
    request: DownloadRequest,
    onNews: (news: DownloadNews) => void,
    signal: AbortSignal,
  ): Promise<DownloadOutcome>;
  /** Models to start with. */
  baseModels(): Promise<readonly ListedModel[]>;
  /** Model folders, datasets and the models of the hub cache that a recipe in `folder` could be made of. */
  findIngredients(folder: string, signal?: AbortSignal): Promise<FoundIngredients>;
  /** What files of rows hold; never throws for what is wrong in them. */
  describeDatasets(files: readonly string[], signal?: AbortSignal): Promise<readonly DatasetDescription[]>;
  propose(params: ProposeParams, signal?: AbortSignal): Promise<Proposal>;
}
