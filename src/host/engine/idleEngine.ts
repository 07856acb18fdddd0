import type { Clock } from '../views/coalesce';
import type { EngineClient } from './engineClient';
import { EngineCrash } from './engineCrash';

export interface IdleEngineOptions {
  readonly start: () => Promise<EngineClient>;
  readonly clock: Pick<Clock, 'after'>;
  /** Milliseconds without work after which the process ends. */
  readonly idleTime: () => number;
  /** The process was ended because it had nothing to do. */
  readonly onIdle?: () => void;
}

/** An engine process that begins when it is first needed and ends when it was idle for a while; the next one starts anew. */
export class IdleEngine {
  private client: Promise<EngineClient> | undefined;
  private working = 0;
  private stopWaiting: () => void = () => undefined;
  private isDisposed = false;

  constructor(private readonly options: IdleEngineOptions) {}

  /** Whether a process runs, or is about to. */
  get isRunning(): boolean {
    return this.client !== undefined;
  }

  /** Does what needs the engine. @throws what `work` throws; Error once this is disposed */
  async use<Result>(work: (client: EngineClient) => Promise<Result>): Promise<Result> {
    if (this.isDisposed) throw new Error('What this engine was for is closed.');
    this.stopWaiting();
    this.working++;
    const client = (this.client ??= this.begin());
    try {
      return await work(await client);
    } catch (error) {
      // What has ended is not asked again.
      if (this.client === client && error instanceof EngineCrash) this.end();
      throw error;
    } finally {
      this.working--;
      this.waitForMore();
    }
  }

  /** Ends the process; later work fails. */
  dispose(): void {
    this.isDisposed = true;
    this.end();
  }

  private waitForMore(): void {
    if (this.working > 0 || this.client === undefined) return;
    const { clock, idleTime, onIdle } = this.options;
    this.stopWaiting();
    this.stopWaiting = clock.after(idleTime(), () => {
      this.end();
      onIdle?.();
    });
  }

  /** A process that cannot be started is no reason not to try again. */
  private begin(): Promise<EngineClient> {
    const client = this.options.start();
    client.catch(() => {
      if (this.client === client) this.client = undefined;
    });
    return client;
  }

  private end(): void {
    this.stopWaiting();
    const client = this.client;
    this.client = undefined;
    client?.then((ended) => ended.dispose()).catch(() => undefined);
  }
}
