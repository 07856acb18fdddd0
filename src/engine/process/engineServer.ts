import { ErrorCodes, ResponseError } from 'vscode-jsonrpc';
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc';
import { Failure } from '../../failure/failure';
import {
  downloadProgress,
  engineProtocolVersion,
  mergeProgress,
  notifications,
  playgroundProgress,
  requests,
  tensorflowProgress,
} from '../../run/engineProtocol';
import type { DownloadNews, DownloadOutcome } from '../../run/download';
import type { MergeNews, MergeOutcome } from '../../run/merge';
import type { PlaygroundNews, PlaygroundOutcome } from '../../run/playground';
import type { TensorflowNews, TensorflowOutcome } from '../../run/tensorflow';
import type {
  DownloadParams,
  LogLevel,
  MergeParams,
  PlaygroundParams,
  RecipeParams,
  SetUpTensorflowParams,
  TrainParams,
  TrainResult,
  WireError,
} from '../../run/engineProtocol';
import { engineBusy, engineVersionMismatch, lookCancelled } from '../../run/failures';
import { toWire } from '../../run/wireError';
import { loadRecipe } from '../operations/loadRecipe';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import { PauseGate } from '../train/pauseGate';
import type { Playground } from '../operations/playground/playground';
import type { Previewer } from '../operations/preview/previewer';
import type { createEngine } from '../session';
import { TextRequests } from './textRequests';

interface ActiveRun {
  readonly stop: AbortController;
  readonly gate: PauseGate;
}

/** Answers the editor. It knows the connection, not how the process began or ends. */
export class EngineServer {
  #isInitialized = false;
  #active: ActiveRun | undefined;
  #previewer: Previewer | undefined;
  #playground: Playground | undefined;
  /** Resolves when the latest run is over; never rejects. */
  #over: Promise<unknown> = Promise.resolve();
  /** Aborted when the process is to end. */
  readonly #ending = new AbortController();
  readonly #connection: MessageConnection;

  constructor(connection: MessageConnection) {
    this.#connection = connection;
    connection.onRequest(requests.initialize, ({ version }) =>
      this.#answer(() => {
        if (version !== engineProtocolVersion) throw engineVersionMismatch(version, engineProtocolVersion);
        this.#isInitialized = true;
        this.#log('info', `Engine process ${process.pid} on Node ${process.version}.`);
        return { version: engineProtocolVersion };
      }),
    );
    connection.onRequest(requests.plan, (params) => this.#answerInitialized(() => this.#plan(params)));
    connection.onRequest(requests.describeModels, (params, token) =>
      this.#look(token, (engine, signal) => engine.describeModels(params, signal)),
    );
    connection.onRequest(requests.describeDatasets, ({ files }, token) =>
      this.#look(token, (engine, signal) => engine.describeDatasets(files, signal)),
    );
    connection.onRequest(requests.propose, (params, token) =>
      this.#look(token, (engine, signal) => engine.propose(params, signal)),
    );
    connection.onRequest(requests.preview, (params) => this.#ask((previewer) => previewer.rows(params)));
    connection.onRequest(requests.previewSearch, (params) => this.#ask((previewer) => previewer.search(params)));
    connection.onRequest(requests.previewSample, (params) => this.#ask((previewer) => previewer.sample(params)));
    connection.onRequest(requests.previewPlace, (params) => this.#ask((previewer) => previewer.place(params)));
    connection.onRequest(requests.train, (params) => {
      const answer = this.#answerInitialized(() => this.#train(params));
      if (this.#active !== undefined) this.#over = Promise.allSettled([this.#over, answer]);
      return answer;
    });
    connection.onRequest(requests.doctor, () => this.#answerInitialized(async () => (await openEngine()).doctor()));
    connection.onRequest(requests.devices, () => this.#answerInitialized(async () => (await openEngine()).devices()));
    connection.onRequest(requests.tensorflow, () =>
      this.#answerInitialized(async () => (await openEngine()).tensorflow()),
    );
    connection.onRequest(requests.setUpTensorflow, (params, token) =>
      this.#awaited(() => this.#stoppable(token, (signal) => this.#setUpTensorflow(params, signal))),
    );
    connection.onRequest(requests.removeTensorflow, () =>
      this.#awaited(async () => (await openEngine()).removeTensorflow()),
    );
    connection.onRequest(requests.baseModels, () =>
      this.#answerInitialized(async () => (await openEngine()).baseModels()),
    );
    connection.onRequest(requests.exportFormats, () =>
      this.#answerInitialized(async () => (await openEngine()).exportFormats()),
    );
    connection.onRequest(requests.export, (params) => this.#awaited(async () => (await openEngine()).export(params)));
    connection.onRequest(requests.download, (params, token) =>
      this.#awaited(() => this.#stoppable(token, (signal) => this.#download(params, signal))),
    );
    connection.onRequest(requests.merge, (params, token) =>
      this.#awaited(() => this.#stoppable(token, (signal) => this.#merge(params, signal))),
    );
    new TextRequests(connection, {
      answer: (work) => this.#answerInitialized(work),
      awaited: (work) => this.#awaited(work),
      stoppable: (token, work) => this.#stoppable(token, work),
    });
    connection.onRequest(requests.openPlayground, (params) => this.#play((playground) => playground.open(params)));
    connection.onRequest(requests.playgroundAdapters, (params) =>
      this.#play((playground) => playground.adapters(params)),
    );
    connection.onRequest(requests.playground, (params, token) =>
      this.#awaited(() => this.#stoppable(token, (signal) => this.#write(params, signal))),
    );
    connection.onRequest(requests.cancel, () => this.#answer(() => this.cancel()));
    connection.onRequest(requests.pause, () => this.#answer(() => this.#setPaused(true)));
    connection.onRequest(requests.resume, () => this.#answer(() => this.#setPaused(false)));
    connection.onRequest(requests.shutdown, () => this.#answer(() => this.end()));
  }

  /** Whether a run goes on that was not asked to stop. */
  get isTraining(): boolean {
    return this.#active?.stop.signal.aborted === false;
  }

  cancel(): null {
    this.#active?.stop.abort();
    return null;
  }

  /** Cancels what is running and waits for its end. */
  async end(): Promise<null> {
    this.cancel();
    this.#ending.abort();
    await this.#over;
    await this.#playground?.close();
    return null;
  }

  #setPaused(isPaused: boolean): null {
    if (isPaused) this.#active?.gate.close();
    else this.#active?.gate.open();
    return null;
  }

  async #plan(params: RecipeParams): Promise<Awaited<ReturnType<Engine['plan']>>> {
    const loaded = await this.#load(params);
    return (await openEngine()).plan(loaded);
  }

  async #train(params: TrainParams): Promise<TrainResult> {
    if (this.#active !== undefined) throw engineBusy();
    const { stop, gate } = (this.#active = { stop: new AbortController(), gate: new PauseGate() });
    try {
      const loaded = await this.#load(params);
      const engine = await openEngine();
      const outcome = await engine.train(loaded, {
        ...(params.resume === null ? {} : { resume: params.resume }),
        signal: stop.signal,
        gate,
        onEvent: (event) => void this.#connection.sendNotification(notifications.event, event).catch(ignore),
      });
      return { outcome };
    } catch (error) {
      // What is thrown after the run was asked to stop is how it stopped, unless it says what went wrong.
      if (!stop.signal.aborted || error instanceof Failure) throw error;
      this.#log('warning', stackOf(error));
      return { outcome: 'cancelled' };
    } finally {
      this.#active = undefined;
    }
  }

  async #download({ progress, ...request }: DownloadParams, signal: AbortSignal): Promise<DownloadOutcome> {
    const engine = await openEngine();
    const tell = (news: DownloadNews): void =>
      void this.#connection.sendProgress(downloadProgress, progress, news).catch(ignore);
    return engine.download(request, tell, signal);
  }

  async #merge({ progress, ...request }: MergeParams, signal: AbortSignal): Promise<MergeOutcome> {
    const engine = await openEngine();
    const tell = (news: MergeNews): void =>
      void this.#connection.sendProgress(mergeProgress, progress, news).catch(ignore);
    return engine.merge(request, tell, signal);
  }

  async #setUpTensorflow(
    { progress, ...request }: SetUpTensorflowParams,
    signal: AbortSignal,
  ): Promise<TensorflowOutcome> {
    const engine = await openEngine();
    const onNews = (news: TensorflowNews): void =>
      void this.#connection.sendProgress(tensorflowProgress, progress, news).catch(ignore);
    return engine.setUpTensorflow({ ...request, package: null, signal, onNews });
  }

  async #write({ progress, ...request }: PlaygroundParams, signal: AbortSignal): Promise<PlaygroundOutcome> {
    const playground = await this.#openPlayground();
    const tell = (news: PlaygroundNews): void =>
      void this.#connection.sendProgress(playgroundProgress, progress, news).catch(ignore);
    return playground.write(request, tell, signal);
  }

  #play<Result>(question: (playground: Playground) => Promise<Result>): Promise<Result | ResponseError<WireError>> {
    return this.#answerInitialized(async () => question(await this.#openPlayground()));
  }

  async #openPlayground(): Promise<Playground> {
    const { Playground } = await import('../operations/playground/playground');
    this.#playground ??= new Playground();
    return this.#playground;
  }

  /** Answers what the end of the process waits for. */
  #awaited<Result>(work: () => Promise<Result>): Promise<Result | ResponseError<WireError>> {
    const answer = this.#answerInitialized(work);
    this.#over = Promise.allSettled([this.#over, answer]);
    return answer;
  }

  /** Does what ends by itself once its request is cancelled or the process is to end. */
  async #stoppable<Result>(token: CancellationToken, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const stop = new AbortController();
    const stopping = token.onCancellationRequested(() => stop.abort());
    if (token.isCancellationRequested) stop.abort();
    try {
      return await work(AbortSignal.any([stop.signal, this.#ending.signal]));
    } finally {
      stopping.dispose();
    }
  }

  async #load({ recipeFile, overrides }: RecipeParams): Promise<LoadedRecipe> {
    const { loaded, warnings } = await loadRecipe({ file: recipeFile, overrides });
    for (const { message, path } of warnings) this.#log('warning', `${recipeFile} (${path}): ${message}`);
    return loaded;
  }

  /** Answers what needs no run and can be given up; whoever gave it up does not hear the answer. */
  #look<Result>(
    token: CancellationToken,
    work: (engine: Engine, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result | ResponseError<WireError>> {
    const stop = new AbortController();
    token.onCancellationRequested(() => stop.abort(lookCancelled()));
    return this.#answerInitialized(async () => work(await openEngine(), stop.signal));
  }

  /** Looking at data needs no runtime, so none is loaded. */
  #ask<Result>(question: (previewer: Previewer) => Promise<Result>): Promise<Result | ResponseError<WireError>> {
    return this.#answerInitialized(async () => {
      const preview = await import('../operations/preview/previewer');
      this.#previewer ??= new preview.Previewer();
      return question(this.#previewer);
    });
  }

  #answerInitialized<Result>(work: () => Promise<Result>): Promise<Result | ResponseError<WireError>> {
    return this.#answer(() => {
      if (!this.#isInitialized) throw new Error('A request came before `initialize`');
      return work();
    });
  }

  async #answer<Result>(work: () => Result | Promise<Result>): Promise<Result | ResponseError<WireError>> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure)) this.#log('error', stackOf(error));
      const wire = toWire(error);
      return new ResponseError(ErrorCodes.InternalError, wire.message, wire);
    }
  }

  #log(level: LogLevel, message: string): void {
    void this.#connection.sendNotification(notifications.log, { level, message }).catch(ignore);
  }
}

type Engine = ReturnType<typeof createEngine>;

/** Loaded with the first recipe: `initialize` must not wait for the runtime. */
async function openEngine(): Promise<Engine> {
  const session = await import('../session');
  return session.createEngine();
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Nobody is left to be told: the process is about to end. */
function ignore(): void {
  return undefined;
}
