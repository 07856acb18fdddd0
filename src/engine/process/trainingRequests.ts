import type { MessageConnection } from 'vscode-jsonrpc';
import { Failure } from '../../failure/failure';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import { notifications, requests } from '../../run/engineProtocol';
import type { RecipeParams, TrainParams, TrainResult } from '../../run/engineProtocol';
import { engineBusy } from '../../run/failures';
import { loadRecipe } from '../operations/loadRecipe';
import { PauseGate } from '../train/pauseGate';
import { ignore, stackOf } from './answering';
import type { Answering } from './answering';
import { openEngine } from './openEngine';

interface ActiveRun {
  readonly stop: AbortController;
  readonly gate: PauseGate;
}

/** The part of the engine process that trains, one run at a time. */
export class TrainingRequests {
  #active: ActiveRun | undefined;

  constructor(
    private readonly connection: MessageConnection,
    private readonly answering: Answering,
  ) {
    connection.onRequest(requests.plan, (params) =>
      answering.answer(async () => {
        const loaded = await this.#load(params);
        return (await openEngine()).plan(loaded);
      }),
    );
    connection.onRequest(requests.train, (params) => answering.awaited(() => this.#train(params)));
    connection.onRequest(requests.cancel, () => answering.answerAlways(() => this.cancel()));
    connection.onRequest(requests.pause, () => answering.answerAlways(() => this.#setPaused(true)));
    connection.onRequest(requests.resume, () => answering.answerAlways(() => this.#setPaused(false)));
  }

  /** Whether a run goes on that was not asked to stop. */
  get isTraining(): boolean {
    return this.#active?.stop.signal.aborted === false;
  }

  cancel(): null {
    this.#active?.stop.abort();
    return null;
  }

  #setPaused(isPaused: boolean): null {
    if (isPaused) this.#active?.gate.close();
    else this.#active?.gate.open();
    return null;
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
        onEvent: (event) => void this.connection.sendNotification(notifications.event, event).catch(ignore),
      });
      return { outcome };
    } catch (error) {
      // What is thrown after the run was asked to stop is how it stopped, unless it says what went wrong.
      if (!stop.signal.aborted || error instanceof Failure) throw error;
      this.answering.log('warning', stackOf(error));
      return { outcome: 'cancelled' };
    } finally {
      this.#active = undefined;
    }
  }

  async #load({ recipeFile, overrides }: RecipeParams): Promise<LoadedRecipe> {
    const { loaded, warnings } = await loadRecipe({ file: recipeFile, overrides });
    for (const { message, path } of warnings) this.answering.log('warning', `${recipeFile} (${path}): ${message}`);
    return loaded;
  }
}
