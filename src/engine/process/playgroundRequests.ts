import type { MessageConnection } from 'vscode-jsonrpc';
import { playgroundProgress, requests } from '../../run/engineProtocol';
import type { Playground } from '../operations/playground/playground';
import type { Answering } from './answering';

/** The part of the engine process that keeps a model open for a playground. */
export class PlaygroundRequests {
  #playground: Playground | undefined;

  constructor(connection: MessageConnection, answering: Answering) {
    connection.onRequest(requests.openPlayground, (params) =>
      answering.answer(async () => (await this.#open()).open(params)),
    );
    connection.onRequest(requests.playgroundAdapters, (params) =>
      answering.answer(async () => (await this.#open()).adapters(params)),
    );
    connection.onRequest(requests.playground, ({ progress, ...request }, token) =>
      answering.awaited(() =>
        answering.stoppable(token, async (signal) =>
          (await this.#open()).write(request, answering.teller(playgroundProgress, progress), signal),
        ),
      ),
    );
  }

  /** Gives the model back. */
  async close(): Promise<void> {
    await this.#playground?.close();
  }

  async #open(): Promise<Playground> {
    const { Playground } = await import('../operations/playground/playground');
    this.#playground ??= new Playground();
    return this.#playground;
  }
}
