import { NotificationType, NotificationType0, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { ExitCode, Place } from '../failure/failure';
import type { DescribedAdapter } from './adapterBases';
import type { EvaluationOptions, EvaluationOutcome, MachineReport } from './answers';
import type { ChatAnswer, ChatRequest, TokenCountRequest } from './chat';
import type { DownloadNews, DownloadOutcome, DownloadRequest, ListedModel } from './download';
import type { Exported, ExportRequest, ListedFormat } from './export';
import type { MergeNews, MergeOutcome, MergeRequest } from './merge';
import type { Plan } from './plan';
import type {
  OpenPlaygroundParams,
  PlaygroundAdapter,
  PlaygroundAdaptersParams,
  PlaygroundModel,
  PlaygroundNews,
  PlaygroundOutcome,
  PlaygroundRequest,
} from './playground';
import type { PreviewParams, PreviewPage, PreviewPlace, PreviewSample, PreviewSearch, Wanted } from './preview';
import type {
  DatasetDescription,
  DescribeDatasetsParams,
  DescribeModelsParams,
  ModelDescription,
  Proposal,
  ProposeParams,
} from './proposal';
import type {
  PublishNews,
  PublishOutcome,
  PublishPreviewOutcome,
  PublishPreviewRequest,
  PublishRequest,
} from './publish';
import type { ServedAdapter, ServeNews, ServeOptions } from './serving';
import type { CudaOutcome, CudaRequest, CudaState } from './cuda';
import type { SetUpNews } from './setUp';
import type { TensorflowOutcome, TensorflowRequest, TensorflowState } from './tensorflow';
import type { TrainingEvent } from './trainingEvent';

/**
 * Everything that the editor and an engine process say to each other: JSON-RPC over the child's IPC channel, so that
 * nothing that is printed on stdout or stderr can break it. `initialize` comes first.
 */

/** Goes up with every change that an older or newer side would not understand. */
export const engineProtocolVersion = 8;

export interface InitializeParams {
  readonly version: number;
}

export interface InitializeResult {
  readonly version: number;
}

/** A recipe with `KEY=VALUE` overrides, as after `--set`. */
export interface RecipeParams {
  /** Absolute path. */
  readonly recipeFile: string;
  readonly overrides: readonly string[];
}

export interface TrainParams extends RecipeParams {
  /** Run id, or `latest`; null starts a new run. */
  readonly resume: string | null;
}

export interface TrainResult {
  readonly outcome: 'finished' | 'cancelled';
}

export interface DownloadParams extends DownloadRequest {
  /** Names the download in the progress that tells its news. */
  readonly progress: number;
}

export interface MergeParams extends MergeRequest {
  /** Names the merge in the progress that tells its news. */
  readonly progress: number;
}

export interface PublishParams extends PublishRequest {
  /** Names the upload in the progress that tells its news. */
  readonly progress: number;
}

export interface PublishPreviewParams extends PublishPreviewRequest {
  /** Names the question in the progress that tells its news. */
  readonly progress: number;
}

export interface SetUpTensorflowParams extends TensorflowRequest {
  /** Names the set-up in the progress that tells its news. */
  readonly progress: number;
}

export interface SetUpCudaParams extends CudaRequest {
  /** Names the set-up in the progress that tells its news. */
  readonly progress: number;
}

export interface ServeParams extends ServeOptions {
  /** Names the server in the progress that tells its news. */
  readonly progress: number;
}

export interface ChatParams extends ChatRequest {
  /** Names the answer in the progress that tells its text. */
  readonly progress: number;
}

export interface EvaluateParams extends EvaluationOptions {
  /** Names the evaluation in the progress that tells what is being done. */
  readonly progress: number;
}

export interface PlaygroundParams extends PlaygroundRequest {
  /** Names the texts in the progress that tells their news. */
  readonly progress: number;
}

/** A `Failure` as data. */
export interface WireFailure {
  readonly kind: 'failure';
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly place: Place | null;
  readonly exitCode: ExitCode;
}

/** `data` of an error response: a `Failure`, or a bug, whose stack was sent as a `log` before. */
export type WireError = WireFailure | { readonly kind: 'bug'; readonly message: string };

export type LogLevel = 'info' | 'warning' | 'error';

export interface LogParams {
  readonly level: LogLevel;
  /** One or more lines. */
  readonly message: string;
}

/** Requests; each fails with a `WireError`. Those that only look can be cancelled as JSON-RPC has it. */
export const requests = {
  /** Fails with `engine-version-mismatch` where the versions differ. */
  initialize: new RequestType<InitializeParams, InitializeResult, WireError>('initialize'),
  plan: new RequestType<RecipeParams, Plan, WireError>('plan'),
  /** What model folders and the local hub cache hold. */
  describeModels: new RequestType<DescribeModelsParams, readonly ModelDescription[], WireError>('describeModels'),
  /** What files of rows hold. */
  describeDatasets: new RequestType<DescribeDatasetsParams, readonly DatasetDescription[], WireError>(
    'describeDatasets',
  ),
  /** Values for a recipe that is yet to be written. */
  propose: new RequestType<ProposeParams, Proposal, WireError>('propose'),
  /**
   * Rows as the model will see them. This and the three further requests for previews take a moment each, however large
   * the data: what takes longer is asked for again and again, and cancelled by asking no more.
   */
  preview: new RequestType<PreviewParams & { readonly from: number; readonly count: number }, PreviewPage, WireError>(
    'preview',
  ),
  /** Looks a little further for a row, from `from` on. */
  previewSearch: new RequestType<
    PreviewParams & { readonly from: number; readonly wanted: Wanted },
    PreviewSearch,
    WireError
  >('previewSearch'),
  /** Looks at a few more rows, and tells of all that were looked at. */
  previewSample: new RequestType<PreviewParams, PreviewSample, WireError>('previewSample'),
  /** Where a row begins. In a large file its lines are counted up to there. */
  previewPlace: new RequestType<PreviewParams & { readonly row: number }, PreviewPlace, WireError>('previewPlace'),
  /** Answered when the run is over. One run at a time: `engine-busy`. */
  train: new RequestType<TrainParams, TrainResult, WireError>('train'),
  /** Ends the run after its step, with a checkpoint; answered once it has been noticed. No run: nothing happens. */
  cancel: new RequestType0<null, WireError>('cancel'),
  /** Holds the run after its step: a checkpoint, then the event `paused`. Answered once it has been noticed. */
  pause: new RequestType0<null, WireError>('pause'),
  resume: new RequestType0<null, WireError>('resume'),
  /** What this machine can train on, and why. Every device is tried, which takes some seconds. */
  doctor: new RequestType0<MachineReport, WireError>('doctor'),
  /** The same, with what earlier trials of devices found: only those are tried that nobody has tried yet. */
  devices: new RequestType0<MachineReport, WireError>('devices'),
  /** What there is of TensorFlow here, and what setting it up would take. */
  tensorflow: new RequestType0<TensorflowState, WireError>('tensorflow'),
  /** Cancelling the request ends the set-up, which is answered with `cancelled`; what was there before stays. */
  setUpTensorflow: new RequestType<SetUpTensorflowParams, TensorflowOutcome, WireError>('setUpTensorflow'),
  /** Answered with whether it was set up. */
  removeTensorflow: new RequestType0<boolean, WireError>('removeTensorflow'),
  /** The same three for CUDA. */
  cuda: new RequestType0<CudaState, WireError>('cuda'),
  setUpCuda: new RequestType<SetUpCudaParams, CudaOutcome, WireError>('setUpCuda'),
  removeCuda: new RequestType0<boolean, WireError>('removeCuda'),
  /** Models to start with, and what this machine makes of them. */
  baseModels: new RequestType0<readonly ListedModel[], WireError>('baseModels'),
  /** Cancelling the request ends the download, which is answered with `cancelled`; what has arrived is kept. */
  download: new RequestType<DownloadParams, DownloadOutcome, WireError>('download'),
  /** Cancelling the request ends the merge, which is answered with `cancelled`; nothing is written then. */
  merge: new RequestType<MergeParams, MergeOutcome, WireError>('merge'),
  /** What an adapter can be written as for other programs. */
  exportFormats: new RequestType0<readonly ListedFormat[], WireError>('exportFormats'),
  /** Writes an adapter for another program, whole or not at all. */
  export: new RequestType<ExportRequest, Exported, WireError>('export'),
  /** What publishing an adapter would send, where to and in whose name; only whose token it is is asked of the hub. */
  publishPreview: new RequestType<PublishPreviewParams, PublishPreviewOutcome, WireError>('publishPreview'),
  /** Cancelling the request ends the upload, which is answered with `cancelled`; the repository may have been made. */
  publish: new RequestType<PublishParams, PublishOutcome, WireError>('publish'),
  /** Opens a base model and keeps it open; one that was open before is given back. */
  openPlayground: new RequestType<OpenPlaygroundParams, PlaygroundModel, WireError>('openPlayground'),
  /** Which adapters belong to a base model, and how they were evaluated. */
  playgroundAdapters: new RequestType<PlaygroundAdaptersParams, readonly PlaygroundAdapter[], WireError>(
    'playgroundAdapters',
  ),
  /**
   * Continues prompts, with the model that is open or, where another one is, after opening it. Cancelling the request
   * ends all texts before their next token; it is answered with `stopped`.
   */
  playground: new RequestType<PlaygroundParams, PlaygroundOutcome, WireError>('playground'),
  /** Cancels what is running; answered when it is over. `exit` follows. */
  shutdown: new RequestType0<null, WireError>('shutdown'),
};

export const notifications = {
  /** To the engine: the process ends itself; what still runs is cancelled first. */
  exit: new NotificationType0('exit'),
  /** From the engine: what the run says, in order, all of it before the answer to `train`. */
  event: new NotificationType<TrainingEvent>('event'),
  /** From the engine. */
  log: new NotificationType<LogParams>('log'),
};

/** From the engine: news of a download, all of them before its answer. */
export const downloadProgress = new ProgressType<DownloadNews>();

/** From the engine: news of a merge, all of them before its answer. */
export const mergeProgress = new ProgressType<MergeNews>();

/** From the engine: news of an upload to the hub, or of the question before it, all of them before its answer. */
export const publishProgress = new ProgressType<PublishNews>();

/** From the engine: news of a set-up of further libraries, all of them before its answer. */
export const setUpProgress = new ProgressType<SetUpNews>();

/** Requests for texts: a server of adapters, conversations with one, and how good one is. Each fails with a `WireError`. */
export const textRequests = {
  /** Base models of adapter folders, and what is known of them without their weights. */
  describeAdapters: new RequestType<{ readonly folders: readonly string[] }, readonly DescribedAdapter[], WireError>(
    'describeAdapters',
  ),
  /** Cancelling the request ends the server, which is then answered. One server at a time: `already-serving`. */
  serve: new RequestType<ServeParams, null, WireError>('serve'),
  /** To the server that listens: another adapter. `not-serving` without one. */
  attachServed: new RequestType<ServedAdapter, null, WireError>('attachServed'),
  /** Whether there was one of that name. */
  detachServed: new RequestType<{ readonly name: string }, boolean, WireError>('detachServed'),
  /** Cancelling the request ends the answer before its next token; it is then answered with `cancelled`. */
  chat: new RequestType<ChatParams, ChatAnswer, WireError>('chat'),
  /** Cancelling the request ends the evaluation, which is then answered with `cancelled`. */
  evaluate: new RequestType<EvaluateParams, EvaluationOutcome, WireError>('evaluate'),
  countTokens: new RequestType<TokenCountRequest, number, WireError>('countTokens'),
};

/** From the engine: news of a server, all of them before its answer. */
export const serveProgress = new ProgressType<ServeNews>();

/** From the engine: pieces of an answer's text, all of them before its end is answered. */
export const chatProgress = new ProgressType<string>();

/** From the engine: what an evaluation is doing, in a few words. */
export const evaluateProgress = new ProgressType<string>();

/** From the engine: pieces of the playground's texts and their ends, all of them before the answer. */
export const playgroundProgress = new ProgressType<PlaygroundNews>();
