import { ErrorCodes, ResponseError } from 'vscode-jsonrpc';
import type { CancellationToken, MessageConnection, ProgressToken, ProgressType } from 'vscode-jsonrpc';
import { Failure } from '../../failure/failure';
import { notifications } from '../../run/engineProtocol';
import type { LogLevel, WireError } from '../../run/engineProtocol';
import { lookCancelled } from '../../run/failures';
import { toWire } from '../../run/wireError';
import { openEngine } from './openEngine';
import type { Engine } from './openEngine';

export type Answer<Result> = Promise<Result | ResponseError<WireError>>;

/** What the connection takes as a piece of news; it may be left out only where it is nothing. */
type Told<News> = News extends null ? News | undefined : News;

/** How the process answers, and what its end waits for. */
export class Answering {
  #isInitialized = false;
  /** Resolves when all that is awaited is over; never rejects. */
  #over: Promise<unknown> = Promise.resolve();
  /** Aborted when the process is to end. */
  readonly #ending = new AbortController();

  constructor(private readonly connection: MessageConnection) {}

  /** From now on other requests are answered, too. */
  initialized(): void {
    this.#isInitialized = true;
  }

  /** Answers whenever it comes, after `initialize`. */
  answer<Result>(work: () => Promise<Result>): Answer<Result> {
    return this.answerAlways(() => {
      if (!this.#isInitialized) throw new Error('A request came before `initialize`');
      return work();
    });
  }

  /** The same before `initialize`, too. */
  async answerAlways<Result>(work: () => Result | Promise<Result>): Answer<Result> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure)) this.log('error', stackOf(error));
      const wire = toWire(error);
      return new ResponseError(ErrorCodes.InternalError, wire.message, wire);
    }
  }

  /** Answers what the end of the process waits for. */
  awaited<Result>(work: () => Promise<Result>): Answer<Result> {
    const answer = this.answer(work);
    this.#over = Promise.allSettled([this.#over, answer]);
    return answer;
  }

  /** Answers what needs no run and can be given up; whoever gave it up does not hear the answer. */
  look<Result>(
    token: CancellationToken,
    work: (engine: Engine, signal: AbortSignal) => Promise<Result>,
  ): Answer<Result> {
    const stop = new AbortController();
    token.onCancellationRequested(() => stop.abort(lookCancelled()));
    return this.answer(async () => work(await openEngine(), stop.signal));
  }

  /** Does what ends by itself once its request is cancelled or the process is to end. */
  async stoppable<Result>(token: CancellationToken, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const stop = new AbortController();
    const stopping = token.onCancellationRequested(() => stop.abort());
    if (token.isCancellationRequested) stop.abort();
    try {
      return await work(AbortSignal.any([stop.signal, this.#ending.signal]));
    } finally {
      stopping.dispose();
    }
  }

  /** Tells whoever asked how it goes. */
  teller<News>(type: ProgressType<News>, progress: ProgressToken): (news: Told<News>) => void {
    return (news) => void this.connection.sendProgress(type, progress, news).catch(ignore);
  }

  log(level: LogLevel, message: string): void {
    void this.connection.sendNotification(notifications.log, { level, message }).catch(ignore);
  }

  /** Ends what is stoppable, and waits for all that is awaited. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#over;
  }
}

export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Nobody is left to be told: the process is about to end. */
export function ignore(): void {
  return undefined;
}
