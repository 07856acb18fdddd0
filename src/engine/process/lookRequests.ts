import type { MessageConnection } from 'vscode-jsonrpc';
import { requests } from '../../run/engineProtocol';
import type { Previewer } from '../operations/preview/previewer';
import type { Answer, Answering } from './answering';
import { openEngine } from './openEngine';
import type { Engine } from './openEngine';

/** The part of the engine process that looks: at models, data and this computer. It changes nothing. */
export class LookRequests {
  #previewer: Previewer | undefined;

  constructor(
    connection: MessageConnection,
    private readonly answering: Answering,
  ) {
    const engineSays = <Result>(question: (engine: Engine) => Result | Promise<Result>): Answer<Result> =>
      answering.answer(async () => question(await openEngine()));
    connection.onRequest(requests.describeModels, (params, token) =>
      answering.look(token, (engine, signal) => engine.describeModels(params, signal)),
    );
    connection.onRequest(requests.describeDatasets, ({ files }, token) =>
      answering.look(token, (engine, signal) => engine.describeDatasets(files, signal)),
    );
    connection.onRequest(requests.propose, (params, token) =>
      answering.look(token, (engine, signal) => engine.propose(params, signal)),
    );
    connection.onRequest(requests.preview, (params) => this.#ask((previewer) => previewer.rows(params)));
    connection.onRequest(requests.previewSearch, (params) => this.#ask((previewer) => previewer.search(params)));
    connection.onRequest(requests.previewSample, (params) => this.#ask((previewer) => previewer.sample(params)));
    connection.onRequest(requests.previewPlace, (params) => this.#ask((previewer) => previewer.place(params)));
    connection.onRequest(requests.doctor, () => engineSays((engine) => engine.doctor()));
    connection.onRequest(requests.devices, () => engineSays((engine) => engine.devices()));
    connection.onRequest(requests.tensorflow, () => engineSays((engine) => engine.tensorflow()));
    connection.onRequest(requests.cuda, () => engineSays((engine) => engine.cuda()));
    connection.onRequest(requests.baseModels, () => engineSays((engine) => engine.baseModels()));
    connection.onRequest(requests.exportFormats, () => engineSays((engine) => engine.exportFormats()));
  }

  /** Looking at data needs no runtime, so none is loaded. */
  #ask<Result>(question: (previewer: Previewer) => Promise<Result>): Answer<Result> {
    return this.answering.answer(async () => {
      const preview = await import('../operations/preview/previewer');
      this.#previewer ??= new preview.Previewer();
      return question(this.#previewer);
    });
  }
}
