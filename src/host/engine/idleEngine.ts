import type { Clock } from '../views/coalesce';
import type { EngineClient } from './engineClient';
import { EngineCrash } from './engineCrash';

export interface IdleEngineOptions {
  readonly start: () => Promise<EngineClient>;
  readonly clock: Pick<Clock, 'after'>;
  /** Milliseconds without a question after which the process ends. */
  readonly idleTime: number;
  /** The process was ended because nobody asked. */
  readonly onIdle?: () => void;
}

/** An engine process that begins with the first question and ends when nobody asks any more; the next one starts anew. */
export class IdleEngine {
  private client: Promise<EngineClient> | undefined;
  private asking = 0;
  private stopWaiting: () => void = () => undefined;
  private isDisposed = false;

  constructor(private readonly options: IdleEngineOptions) {}

  async ask<Answer>(question: (client: EngineClient) => Promise<Answer>): Promise<Answer> {
    if (this.isDisposed) throw new Error('The page is closed.');
    this.stopWaiting();
    this.asking++;
    const client = (this.client ??= this.begin());
    try {
      return await question(await client);
    } catch (error) {
      // What has ended is not asked again.
      if (this.client === client && error instanceof EngineCrash) this.end();
      throw error;
    } finally {
      this.asking--;
      this.waitForMore();
    }
  }

  /** Ends the process; later questions fail. */
  dispose(): void {
    this.isDisposed = true;
    this.end();
  }

  private waitForMore(): void {
    if (this.asking > 0 || this.client === undefined) return;
    const { clock, idleTime, onIdle } = this.options;
    this.stopWaiting = clock.after(idleTime, () => {
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
