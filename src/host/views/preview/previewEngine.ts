import type { EngineClient } from '../../engine/engineClient';
import { IdleEngine } from '../../engine/idleEngine';
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

/** Answers previews from an engine process that begins with the first question and ends when nobody asks any more. */
export class PreviewEngine implements PreviewSource {
  private readonly engine: IdleEngine;

  constructor(start: () => Promise<EngineClient>, clock: Pick<Clock, 'after'>) {
    this.engine = new IdleEngine({ start, clock, idleTime: () => idleTime });
  }

  rows(params: PreviewParams, from: number, count: number): Promise<PreviewPage> {
    return this.engine.use(({ preview }) => preview.rows(params, from, count));
  }
  search(params: PreviewParams, wanted: Wanted, from: number): Promise<PreviewSearch> {
    return this.engine.use(({ preview }) => preview.search(params, wanted, from));
  }
  sample(params: PreviewParams): Promise<PreviewSample> {
    return this.engine.use(({ preview }) => preview.sample(params));
  }
  place(params: PreviewParams, row: number): Promise<PreviewPlace> {
    return this.engine.use(({ preview }) => preview.place(params, row));
  }

  /** Ends the process; later questions fail. */
  dispose(): void {
    this.engine.dispose();
  }
}
