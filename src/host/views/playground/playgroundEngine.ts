import type { EngineClient } from '../../engine/engineClient';
import { IdleEngine } from '../../engine/idleEngine';
import type {
  OpenPlaygroundParams,
  PlaygroundAdapter,
  PlaygroundAdaptersParams,
  PlaygroundModel,
  PlaygroundNews,
  PlaygroundOutcome,
  PlaygroundRequest,
} from '../../../run/playground';
import type { Clock } from '../coalesce';
import type { PlaygroundSource } from './playgroundSource';

/** Milliseconds without a question after which the model is given back: it may need gigabytes. */
export const playgroundIdleTime = 10 * 60_000;

/** Keeps a playground's model open in an engine process, until nobody has asked for a while. */
export class PlaygroundEngine implements PlaygroundSource {
  private readonly engine: IdleEngine;

  constructor(start: () => Promise<EngineClient>, clock: Pick<Clock, 'after'>, onFreed: () => void) {
    this.engine = new IdleEngine({ start, clock, idleTime: () => playgroundIdleTime, onIdle: onFreed });
  }

  open(params: OpenPlaygroundParams): Promise<PlaygroundModel> {
    return this.engine.use(({ playground }) => playground.open(params));
  }
  adapters(params: PlaygroundAdaptersParams): Promise<readonly PlaygroundAdapter[]> {
    return this.engine.use(({ playground }) => playground.adapters(params));
  }
  write(
    request: PlaygroundRequest,
    onNews: (news: PlaygroundNews) => void,
    signal: AbortSignal,
  ): Promise<PlaygroundOutcome> {
    return this.engine.use(({ playground }) => playground.write(request, onNews, signal));
  }

  /** Ends the process; later questions fail. */
  dispose(): void {
    this.engine.dispose();
  }
}
