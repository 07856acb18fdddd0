import type { EngineClient } from '../../engine/engineClient';
import { EngineCrash } from '../../engine/engineCrash';
import type {
  PreviewPage,
  PreviewParams,
  PreviewPlace,
  PreviewSample,
  PreviewSearch,
  Wanted,
} from '../../../run/preview';
import type { Clock } from '../coalesce';
import type { PreviewSource } from './previewSource';

/** Milliseconds without a question after which the engine process ends. */
const idleTime = 60_000;

/** An engine process that begins with the first question and ends when nobody asks any more; the next one starts anew. */
export class PreviewEngine implements PreviewSource {
  private client: Promise<EngineClient> | undefined;
  private asking = 0;
  private stopWaiting: () => void = () => undefined;
  private isDisposed = false;

  constructor(
    private readonly start: () => Promise<EngineClient>,
    private readonly clock: Pick<Clock, 'after'>,
  ) {}

  rows(params: PreviewParams, from: number, count: number): Promise<PreviewPage> {
    return this.ask((source) => source.rows(params, from, count));
  }
  search(params: PreviewParams, wanted: Wanted, from: number): Promise<PreviewSearch> {
    return this.ask((source) => source.search(params, wanted, from));
  }
  sample(params: PreviewParams): Promise<PreviewSample> {
    return this.ask((source) => source.sample(params));
  }
  place(params: PreviewParams, row: number): Promise<PreviewPlace> {
    return this.ask((source) => source.place(params, row));
  }

  /** Ends the process; later questions fail. */
  dispose(): void {
    this.isDisposed = true;
    this.end();
  }

  private async ask<Answer>(question: (source: PreviewSource) => Promise<Answer>): Promise<Answer> {
    if (this.isDisposed) throw new Error('The preview is closed.');
    this.stopWaiting();
    this.asking++;
    const client = (this.client ??= this.begin());
    try {
      return await question((await client).preview);
    } catch (error) {
      // What has ended is not asked again.
      if (this.client === client && error instanceof EngineCrash) this.end();
      throw error;
    } finally {
      this.asking--;
      this.waitForMore();
    }
  }

  private waitForMore(): void {
    if (this.asking === 0 && this.client !== undefined) {
      this.stopWaiting = this.clock.after(idleTime, () => this.end());
    }
  }

  /** A process that cannot be started is no reason not to try again. */
  private begin(): Promise<EngineClient> {
    const client = this.start();
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
