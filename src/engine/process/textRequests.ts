import type { MessageConnection } from 'vscode-jsonrpc';
import { Failure } from '../../failure/failure';
import type { EvaluationOutcome } from '../../run/answers';
import type { ChatAnswer, TokenCountRequest } from '../../run/chat';
import { chatProgress, evaluateProgress, serveProgress, textRequests } from '../../run/engineProtocol';
import type { ChatParams, EvaluateParams, ServeParams } from '../../run/engineProtocol';
import { alreadyServing, notServing } from '../../run/failures';
import type { AdapterServing } from '../../run/serving';
import type { ChatModel } from '../operations/chat/chatModel';
import type { Answering } from './answering';

/** The part of the engine process that makes texts: the server of adapters, conversations with one, and how good one is. */
export class TextRequests {
  #isServing = false;
  #server: AdapterServing | undefined;
  /** By base model. */
  readonly #chats = new Map<string, Promise<ChatModel>>();

  constructor(
    connection: MessageConnection,
    private readonly answering: Answering,
  ) {
    connection.onRequest(textRequests.describeAdapters, ({ folders }, token) =>
      answering.answer(() =>
        answering.stoppable(token, async (signal) => {
          const { describeAdapters } = await import('../operations/describeAdapters');
          return describeAdapters(folders, signal);
        }),
      ),
    );
    connection.onRequest(textRequests.serve, (params, token) =>
      answering.awaited(() => answering.stoppable(token, (signal) => this.#serve(params, signal))),
    );
    connection.onRequest(textRequests.attachServed, (adapter) =>
      answering.answer(async () => {
        if (this.#server === undefined) throw notServing();
        await this.#server.attach(adapter);
        return null;
      }),
    );
    connection.onRequest(textRequests.detachServed, ({ name }) =>
      answering.answer(() => {
        if (this.#server === undefined) throw notServing();
        return Promise.resolve(this.#server.detach(name));
      }),
    );
    connection.onRequest(textRequests.chat, (params, token) =>
      answering.answer(() => answering.stoppable(token, (signal) => this.#chat(params, signal))),
    );
    connection.onRequest(textRequests.evaluate, (params, token) =>
      answering.awaited(() => answering.stoppable(token, (signal) => this.#evaluate(params, signal))),
    );
    connection.onRequest(textRequests.countTokens, (params) => answering.answer(() => this.#countTokens(params)));
  }

  async #serve({ progress, ...options }: ServeParams, signal: AbortSignal): Promise<null> {
    if (this.#isServing) throw alreadyServing();
    this.#isServing = true;
    try {
      const { serve } = await import('../operations/serve/serve');
      await serve(options, this.answering.teller(serveProgress, progress), signal, (server) => (this.#server = server));
      return null;
    } finally {
      this.#isServing = false;
      this.#server = undefined;
    }
  }

  async #chat({ progress, ...request }: ChatParams, signal: AbortSignal): Promise<ChatAnswer> {
    const model = await this.#open(request.baseModel);
    return model.answer(request, this.answering.teller(chatProgress, progress), signal);
  }

  async #evaluate({ progress, ...options }: EvaluateParams, signal: AbortSignal): Promise<EvaluationOutcome> {
    const { evaluateModel } = await import('../operations/evaluateModel');
    try {
      const tell = this.answering.teller(evaluateProgress, progress);
      return { outcome: 'finished', evaluation: await evaluateModel(options, signal, tell) };
    } catch (error) {
      // What is thrown after it was asked to stop is how it stopped, unless it says what went wrong.
      if (signal.aborted && !(error instanceof Failure)) return { outcome: 'cancelled' };
      throw error;
    }
  }

  async #countTokens({ baseModel, counted }: TokenCountRequest): Promise<number> {
    return (await this.#open(baseModel)).count(counted);
  }

  #open(baseModel: string): Promise<ChatModel> {
    const known = this.#chats.get(baseModel);
    if (known !== undefined) return known;
    const opened = import('../operations/chat/chatModel').then(({ ChatModel }) => ChatModel.open(baseModel));
    this.#chats.set(baseModel, opened);
    // It may be there when it is asked for again.
    opened.catch(() => this.#chats.delete(baseModel));
    return opened;
  }
}
