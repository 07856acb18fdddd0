import type { MessageConnection } from 'vscode-jsonrpc';
import { engineProtocolVersion, requests } from '../../run/engineProtocol';
import { engineVersionMismatch } from '../../run/failures';
import { Answering } from './answering';
import { LookRequests } from './lookRequests';
import { answerMaking } from './makingRequests';
import { PlaygroundRequests } from './playgroundRequests';
import { TextRequests } from './textRequests';
import { TrainingRequests } from './trainingRequests';

/** Answers the editor. It knows the connection, not how the process began or ends. */
export class EngineServer {
  readonly #answering: Answering;
  readonly #training: TrainingRequests;
  readonly #playground: PlaygroundRequests;

  constructor(connection: MessageConnection) {
    const answering = new Answering(connection);
    this.#answering = answering;
    connection.onRequest(requests.initialize, ({ version }) =>
      answering.answerAlways(() => {
        if (version !== engineProtocolVersion) throw engineVersionMismatch(version, engineProtocolVersion);
        answering.initialized();
        answering.log('info', `Engine process ${process.pid} on Node ${process.version}.`);
        return { version: engineProtocolVersion };
      }),
    );
    this.#training = new TrainingRequests(connection, answering);
    new LookRequests(connection, answering);
    answerMaking(connection, answering);
    new TextRequests(connection, answering);
    this.#playground = new PlaygroundRequests(connection, answering);
    connection.onRequest(requests.shutdown, () => answering.answerAlways(() => this.end()));
  }

  /** Whether a run goes on that was not asked to stop. */
  get isTraining(): boolean {
    return this.#training.isTraining;
  }

  cancel(): null {
    return this.#training.cancel();
  }

  /** Cancels what is running and waits for its end. */
  async end(): Promise<null> {
    this.cancel();
    await this.#answering.end();
    await this.#playground.close();
    return null;
  }
}
