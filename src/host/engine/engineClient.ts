import { CancellationTokenSource, ResponseError } from 'vscode-jsonrpc/node';
import type { ProgressType, RequestParam, RequestType, RequestType0 } from 'vscode-jsonrpc/node';
import type { DownloadNews, DownloadOutcome, DownloadRequest, ListedModel } from '../../run/download';
import {
  downloadProgress,
  engineProtocolVersion,
  mergeProgress,
  notifications,
  playgroundProgress,
  requests,
} from '../../run/engineProtocol';
import type { WireError } from '../../run/engineProtocol';
import { engineBusy, engineVersionMismatch, lookCancelled } from '../../run/failures';
import type { Exported, ExportRequest, ListedFormat } from '../../run/export';
import type { MergeNews, MergeOutcome, MergeRequest } from '../../run/merge';
import type { MachineReport } from '../../run/answers';
import type { Plan } from '../../run/plan';
import type {
  DatasetDescription,
  DescribeModelsParams,
  ModelDescription,
  Proposal,
  ProposeParams,
} from '../../run/proposal';
import type { PlaygroundSource } from '../views/playground/playgroundSource';
import type { PreviewSource } from '../views/preview/previewSource';
import type { TrainingEvent } from '../../run/trainingEvent';
import { fromWire } from '../../run/wireError';
import { EngineCrash } from './engineCrash';
import { EngineProcess } from './engineProcess';
import type { ProcessOptions } from './engineProcess';
import { publishingEngine } from './publishingEngine';
import type { PublishingEngine } from './publishingEngine';
import { settlesWithin } from './settlesWithin';
import { setUpEngines } from './setUpEngine';
import type { SetUpEngines } from './setUpEngine';
import { textEngine } from './textEngine';
import type { Asking, TextEngine } from './textEngine';

export interface TrainRequest {
  /** Absolute path. */
  readonly recipeFile: string;
  /** Run id, or `latest` for this recipe's latest run. */
  readonly resume?: string;
  /** `KEY=VALUE`, as after `lora train --set`. */
  readonly overrides?: readonly string[];
}

export interface TrainingHandle {
  /**
   * How the run ended. Rejects with the engine's `Failure` (a bug is `internal-error`, its stack is in the log) or with
   * `EngineCrash` when the process ended unasked.
   */
  readonly done: Promise<'finished' | 'cancelled'>;
  /**
   * Ends the run: cancel, which keeps a checkpoint, and where that is not heeded in time SIGTERM, then SIGKILL
   * (`StopTimes`). Resolves when the run is over, however it ended; `done` is `cancelled` unless it came to its end.
   */
  stop(): Promise<void>;
  /** Holds the run after its step; the event `paused` tells when. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** One engine process. It trains one run at a time. */
export interface EngineClient {
  train(request: TrainRequest, onEvent: (event: TrainingEvent) => void): TrainingHandle;
  plan(recipeFile: string, overrides?: readonly string[]): Promise<Plan>;
  /** What this machine can train on, and why; with `again` every device is tried, else those that nobody has tried yet. */
  machine(again: boolean): Promise<MachineReport>;
  /** Models to start with, and what this machine makes of them. */
  baseModels(): Promise<readonly ListedModel[]>;
  /** Fetches a model from the hub; the signal stops it, and what has arrived is kept. @throws as `TrainingHandle.done` */
  download(
    request: DownloadRequest,
    onNews: (news: DownloadNews) => void,
    signal: AbortSignal,
  ): Promise<DownloadOutcome>;
  /** What an adapter can be written as for other programs. */
  exportFormats(): Promise<readonly ListedFormat[]>;
  /** Writes an adapter for another program, whole or not at all. @throws as `TrainingHandle.done` */
  export(request: ExportRequest): Promise<Exported>;
  /** Merges adapters into their base model; the signal stops it, and nothing is written then. @throws as `TrainingHandle.done` */
  merge(request: MergeRequest, onNews: (news: MergeNews) => void, signal: AbortSignal): Promise<MergeOutcome>;
  /** Puts adapters on the hub. */
  readonly publishing: PublishingEngine;
  describeModels(params: DescribeModelsParams, signal?: AbortSignal): Promise<readonly ModelDescription[]>;
  /** `files` are absolute paths. */
  describeDatasets(files: readonly string[], signal?: AbortSignal): Promise<readonly DatasetDescription[]>;
  /** Rejects with the failure `look-cancelled` when the signal is aborted. */
  propose(params: ProposeParams, signal?: AbortSignal): Promise<Proposal>;
  readonly preview: PreviewSource;
  /** The server of adapters, and conversations with one. */
  readonly texts: TextEngine;
  readonly playground: PlaygroundSource;
  /** Further libraries to compute with. */
  readonly setUps: SetUpEngines;
  /** Ends the process: a run is cancelled and keeps a checkpoint if that takes no longer than `disposeTimes`. */
  dispose(): Promise<void>;
}

/**
 * `engineFile` is the absolute path of `dist/engine.js`; `log` gets what the engine prints and logs, line by line;
 * `environment` is added to that of this process.
 */
export interface EngineOptions extends ProcessOptions {
  readonly stopTimes?: StopTimes;
}

/** How long to wait before the next stronger way to end a run, in milliseconds. */
export interface StopTimes {
  /** From the cancellation to SIGTERM. */
  readonly cancel: number;
  /** From SIGTERM to SIGKILL. */
  readonly terminate: number;
}

/** A cancelled run ends its step first, which may be a long one. */
export const stopTimes: StopTimes = { cancel: 60_000, terminate: 5_000 };

/** VS Code gives an extension five seconds to end. */
export const disposeTimes: StopTimes = { cancel: 3_000, terminate: 1_000 };

/** Starts one engine process, which is the client's until `dispose`. It is never started again by itself. */
export function startEngine(options: EngineOptions): EngineClient {
  return new ProcessClient(options);
}

type Outcome = 'finished' | 'cancelled';

class ProcessClient implements EngineClient {
  readonly #process: EngineProcess;
  readonly #ready: Promise<void>;
  readonly #stopTimes: StopTimes;
  #isTraining = false;
  /** Set while somebody asked for the end of the run, so that it is no crash. */
  #isEndAsked = false;
  #onEvent: (event: TrainingEvent) => void = () => undefined;
  #disposed: Promise<void> | undefined;
  #progresses = 0;

  constructor(options: EngineOptions) {
    this.#stopTimes = options.stopTimes ?? stopTimes;
    this.#process = new EngineProcess(options);
    this.#process.connection.onNotification(notifications.event, (event) => this.#onEvent(event));
    this.#ready = this.#initialize();
    // Whoever calls is told.
    this.#ready.catch(() => undefined);
  }

  plan(recipeFile: string, overrides: readonly string[] = []): Promise<Plan> {
    return this.#call(requests.plan, { recipeFile, overrides });
  }

  readonly preview: PreviewSource = {
    rows: (params, from, count) => this.#call(requests.preview, { ...params, from, count }),
    search: (params, wanted, from) => this.#call(requests.previewSearch, { ...params, wanted, from }),
    sample: (params) => this.#call(requests.previewSample, params),
    place: (params, row) => this.#call(requests.previewPlace, { ...params, row }),
  };

  readonly #asking: Asking = {
    call: (type, params, signal) => this.#call(type, params, signal),
    tell: (told, request, onNews, signal) => this.#tell(told, request, onNews, signal),
  };

  readonly texts = textEngine(this.#asking);

  readonly publishing = publishingEngine(this.#asking);

  readonly playground: PlaygroundSource = {
    open: (params) => this.#call(requests.openPlayground, params),
    adapters: (params) => this.#call(requests.playgroundAdapters, params),
    write: (request, onNews, signal) =>
      this.#tell({ type: requests.playground, news: playgroundProgress }, request, onNews, signal),
  };

  readonly setUps = setUpEngines({
    answerTo: (type) => this.#answerTo(type),
    tell: (told, request, onNews, signal) => this.#tell(told, request, onNews, signal),
  });

  describeModels(params: DescribeModelsParams, signal?: AbortSignal): Promise<readonly ModelDescription[]> {
    return this.#call(requests.describeModels, params, signal);
  }

  describeDatasets(files: readonly string[], signal?: AbortSignal): Promise<readonly DatasetDescription[]> {
    return this.#call(requests.describeDatasets, { files }, signal);
  }

  propose(params: ProposeParams, signal?: AbortSignal): Promise<Proposal> {
    return this.#call(requests.propose, params, signal);
  }

  train(request: TrainRequest, onEvent: (event: TrainingEvent) => void): TrainingHandle {
    const done = this.#isTraining ? Promise.reject(engineBusy()) : this.#train(request, onEvent);
    return {
      done,
      stop: () => this.#stop(done),
      pause: () => this.#setPaused(done, requests.pause),
      resume: () => this.#setPaused(done, requests.resume),
    };
  }

  machine(again: boolean): Promise<MachineReport> {
    return this.#answerTo(again ? requests.doctor : requests.devices);
  }

  baseModels(): Promise<readonly ListedModel[]> {
    return this.#answerTo(requests.baseModels);
  }

  exportFormats(): Promise<readonly ListedFormat[]> {
    return this.#answerTo(requests.exportFormats);
  }

  async export(request: ExportRequest): Promise<Exported> {
    await this.#ready;
    return this.#unlessEnded(() => this.#process.connection.sendRequest(requests.export, request));
  }

  download(
    request: DownloadRequest,
    onNews: (news: DownloadNews) => void,
    signal: AbortSignal,
  ): Promise<DownloadOutcome> {
    return this.#tell({ type: requests.download, news: downloadProgress }, request, onNews, signal);
  }

  merge(request: MergeRequest, onNews: (news: MergeNews) => void, signal: AbortSignal): Promise<MergeOutcome> {
    return this.#tell({ type: requests.merge, news: mergeProgress }, request, onNews, signal);
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  /** Asks for what tells news until it is done or stopped. */
  async #tell<Request extends object, News, Result>(
    told: {
      readonly type: RequestType<Request & { readonly progress: number }, Result, WireError>;
      readonly news: ProgressType<News>;
    },
    request: Request,
    onNews: (news: News) => void,
    signal: AbortSignal,
  ): Promise<Result> {
    await this.#ready;
    const { connection } = this.#process;
    const progress = this.#progresses++;
    const listening = connection.onProgress(told.news, progress, onNews);
    const stop = new CancellationTokenSource();
    const cancel = (): void => stop.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      const params = { ...request, progress } as RequestParam<Request & { readonly progress: number }>;
      return await this.#unlessEnded(() => connection.sendRequest(told.type, params, stop.token));
    } finally {
      signal.removeEventListener('abort', cancel);
      listening.dispose();
    }
  }

  async #initialize(): Promise<void> {
    const { connection } = this.#process;
    const params = { version: engineProtocolVersion };
    const { version } = await this.#unlessEnded(() => connection.sendRequest(requests.initialize, params));
    if (version !== engineProtocolVersion) throw engineVersionMismatch(engineProtocolVersion, version);
  }

  async #train(request: TrainRequest, onEvent: (event: TrainingEvent) => void): Promise<Outcome> {
    const { recipeFile, resume = null, overrides = [] } = request;
    this.#isTraining = true;
    this.#isEndAsked = this.#disposed !== undefined;
    this.#onEvent = onEvent;
    try {
      const { outcome } = await this.#call(requests.train, { recipeFile, resume, overrides });
      return outcome;
    } catch (error) {
      if (this.#isEndAsked && error instanceof EngineCrash) return 'cancelled';
      throw error;
    } finally {
      this.#isTraining = false;
    }
  }

  async #stop(done: Promise<Outcome>): Promise<void> {
    if (await settlesWithin(done, 0)) return;
    this.#isEndAsked = true;
    this.#ask(requests.cancel).catch(() => undefined);
    await this.#escalate(done, this.#stopTimes);
  }

  async #setPaused(done: Promise<Outcome>, type: RequestType0<null, WireError>): Promise<void> {
    // A later run of this client is not meant.
    if (!(await settlesWithin(done, 0))) await this.#ask(type);
  }

  async #end(): Promise<void> {
    this.#isEndAsked = true;
    const answer = this.#ask(requests.shutdown).catch(() => undefined);
    void answer.then(() => this.#process.connection.sendNotification(notifications.exit)).catch(() => undefined);
    await this.#escalate(this.#process.ended, disposeTimes);
  }

  /** Ends the process step by step, until `over` is settled. */
  async #escalate(over: Promise<unknown>, { cancel, terminate }: StopTimes): Promise<void> {
    if (await settlesWithin(over, cancel)) return;
    this.#process.say(`The engine has not stopped after ${cancel / 1000} s: SIGTERM.`, 'warning');
    this.#process.signal('SIGTERM');
    if (await settlesWithin(over, terminate)) return;
    this.#process.say(`Nor after another ${terminate / 1000} s: SIGKILL.`, 'warning');
    this.#process.signal('SIGKILL');
    await over.catch(() => undefined);
  }

  async #ask(type: RequestType0<null, WireError>): Promise<void> {
    await this.#answerTo(type);
  }

  async #answerTo<Result>(type: RequestType0<Result, WireError>): Promise<Result> {
    await this.#ready;
    this.#process.note(`→ ${type.method}`);
    return this.#unlessEnded(() => this.#process.connection.sendRequest(type));
  }

  async #call<Params, Result>(
    type: RequestType<Params, Result, WireError>,
    params: RequestParam<Params>,
    signal?: AbortSignal,
  ): Promise<Result> {
    await this.#ready;
    this.#process.note(`→ ${type.method} ${JSON.stringify(params)}`);
    const { connection } = this.#process;
    if (signal === undefined) return this.#unlessEnded(() => connection.sendRequest(type, params));
    if (signal.aborted) throw lookCancelled();
    const cancellation = new CancellationTokenSource();
    let cancel = (): void => undefined;
    // The engine ends what it does when it next looks up; nobody waits for that.
    const given = new Promise<never>((_, reject) => {
      cancel = () => {
        cancellation.cancel();
        reject(lookCancelled());
      };
    });
    signal.addEventListener('abort', cancel);
    try {
      return await Promise.race([
        this.#unlessEnded(() => connection.sendRequest(type, params, cancellation.token)),
        given,
      ]);
    } finally {
      signal.removeEventListener('abort', cancel);
      cancellation.dispose();
    }
  }

  /** The answer, or the end of the process. @throws Failure, EngineCrash */
  async #unlessEnded<Result>(send: () => Promise<Result>): Promise<Result> {
    try {
      const answer = send();
      const crashed = this.#process.ended.then((crash) => Promise.reject(crash));
      return await Promise.race([answer, crashed]);
    } catch (error) {
      if (error instanceof EngineCrash) throw error;
      if (error instanceof ResponseError) {
        const wire = error.data as WireError | undefined;
        throw fromWire(wire ?? { kind: 'bug', message: error.message });
      }
      // The channel is closed, and the process about to be gone.
      throw await this.#process.ended;
    }
  }
}
