import type { CancellationToken, MessageConnection, ResponseError } from 'vscode-jsonrpc';
import type { ChatAnswer, TokenCountRequest } from '../../run/chat';
import { chatProgress, serveProgress, textRequests } from '../../run/engineProtocol';
import type { ChatParams, ServeParams, WireError } from '../../run/engineProtocol';
import { alreadyServing, notServing } from '../../run/failures';
import type { AdapterServing } from '../../run/serving';
import type { ChatModel } from '../operations/chat/chatModel';

/** How the process answers. */
export interface Answering {
  /** What is answered whenever it comes, after `initialize`. */
  readonly answer: <Result>(work: () => Promise<Result>) => Promise<Result | ResponseError<WireError>>;
  /** What the end of the process waits for. */
  readonly awaited: <Result>(work: () => Promise<Result>) => Promise<Result | ResponseError<WireError>>;
  /** What ends by itself once its request is cancelled or the process is to end. */
  readonly stoppable: <Result>(
    token: CancellationToken,
    work: (signal: AbortSignal) => Promise<Result>,
  ) => Promise<Result>;
}

/** The part of the engine process that makes texts: the server of adapters, and conversations with one. */
export class TextRequests {
  #isServing = false;
  #server: AdapterServing | undefined;
  /** By base model. */
  readonly #chats = new Map<string, Promise<ChatModel>>();

  constructor(
    private readonly connection: MessageConnection,
    { answer, awaited, stoppable }: Answering,
  ) {
    connection.onRequest(textRequests.describeAdapters, ({ folders }, token) =>
      answer(() =>
        stoppable(token, async (signal) => {
          const { describeAdapters } = await import('../operations/describeAdapters');
          return describeAdapters(folders, signal);
        }),
      ),
    );
    connection.onRequest(textRequests.serve, (params, token) =>
      awaited(() => stoppable(token, (signal) => this.#serve(params, signal))),
    );
    connection.onRequest(textRequests.attachServed, (adapter) =>
      answer(async () => {
        if (this.#server === undefined) throw notServing();
        await this.#server.attach(adapter);
        return null;
      }),
    );
    connection.onRequest(textRequests.detachServed, ({ name }) =>
      answer(() => {
        if (this.#server === undefined) throw notServing();
        return Promise.resolve(this.#server.detach(name));
      }),
    );
    connection.onRequest(textRequests.chat, (params, token) =>
      answer(() => stoppable(token, (signal) => this.#chat(params, signal))),
    );
    connection.onRequest(textRequests.countTokens, (params) => answer(() => this.#countTokens(params)));
  }

  async #serve({ progress, ...options }: ServeParams, signal: AbortSignal): Promise<null> {
    if (this.#isServing) throw alreadyServing();
    this.#isServing = true;
    try {
      const { serve } = await import('../operations/serve/serve');
      await serve(
        options,
        (news) => void this.connection.sendProgress(serveProgress, progress, news).catch(ignore),
        signal,
        (server) => (this.#server = server),
      );
      return null;
    } finally {
      this.#isServing = false;
      this.#server = undefined;
    }
  }

  async #chat({ progress, ...request }: ChatParams, signal: AbortSignal): Promise<ChatAnswer> {
    const model = await this.#open(request.baseModel);
    const tell = (text: string): void => void this.connection.sendProgress(chatProgress, progress, text).catch(ignore);
    return model.answer(request, tell, signal);
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

/** Nobody is left to be told: the process is about to end. */
function ignore(): void {
  return undefined;
}
