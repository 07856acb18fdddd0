import type { ProgressType, RequestParam, RequestType } from 'vscode-jsonrpc/node';
import type { DescribedAdapter } from '../../run/adapterBases';
import type { EvaluationOptions, EvaluationOutcome } from '../../run/answers';
import type { ChatAnswer, ChatRequest, TokenCountRequest } from '../../run/chat';
import { chatProgress, evaluateProgress, serveProgress, textRequests } from '../../run/engineProtocol';
import type { WireError } from '../../run/engineProtocol';
import type { ServedAdapter, ServeNews, ServeOptions } from '../../run/serving';

/** What an engine process does with texts. Everything rejects as `TrainingHandle.done` does. */
export interface TextEngine {
  /** Base models of adapter folders (absolute paths). */
  describeAdapters(folders: readonly string[], signal?: AbortSignal): Promise<readonly DescribedAdapter[]>;
  /** Serves until the signal is aborted; resolves once the server has ended. */
  serve(options: ServeOptions, onNews: (news: ServeNews) => void, signal: AbortSignal): Promise<void>;
  /** Adds an adapter to the server that listens, or puts it in another one's place. */
  attachServed(adapter: ServedAdapter): Promise<void>;
  /** Whether there was one of that name. */
  detachServed(name: string): Promise<boolean>;
  /** The signal ends the answer before its next token: it is then `cancelled`. */
  chat(request: ChatRequest, onText: (text: string) => void, signal: AbortSignal): Promise<ChatAnswer>;
  countTokens(request: TokenCountRequest): Promise<number>;
  /** Measures adapters and their base model on rows; the signal stops it, and nothing is kept then. */
  evaluate(
    request: EvaluationOptions,
    onWords: (words: string) => void,
    signal: AbortSignal,
  ): Promise<EvaluationOutcome>;
}

/** How a client asks its process. */
export interface Asking {
  readonly call: <Params, Result>(
    type: RequestType<Params, Result, WireError>,
    params: RequestParam<Params>,
    signal?: AbortSignal,
  ) => Promise<Result>;
  /** For what tells news until it is done or stopped. */
  readonly tell: <Request extends object, News, Result>(
    told: {
      readonly type: RequestType<Request & { readonly progress: number }, Result, WireError>;
      readonly news: ProgressType<News>;
    },
    request: Request,
    onNews: (news: News) => void,
    signal: AbortSignal,
  ) => Promise<Result>;
}

export function textEngine({ call, tell }: Asking): TextEngine {
  return {
    describeAdapters: (folders, signal) => call(textRequests.describeAdapters, { folders }, signal),
    serve: async (options, onNews, signal) => {
      await tell({ type: textRequests.serve, news: serveProgress }, options, onNews, signal);
    },
    attachServed: async (adapter) => {
      await call(textRequests.attachServed, adapter);
    },
    detachServed: (name) => call(textRequests.detachServed, { name }),
    chat: (request, onText, signal) => tell({ type: textRequests.chat, news: chatProgress }, request, onText, signal),
    evaluate: (request, onWords, signal) =>
      tell({ type: textRequests.evaluate, news: evaluateProgress }, request, onWords, signal),
    countTokens: (request) => call(textRequests.countTokens, request),
  };
}
