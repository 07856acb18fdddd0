import type {
  OpenPlaygroundParams,
  PlaygroundAdapter,
  PlaygroundAdaptersParams,
  PlaygroundModel,
  PlaygroundNews,
  PlaygroundOutcome,
  PlaygroundRequest,
} from '../../../run/playground';

/** Where playgrounds get text from: an engine process. Each answer rejects with a Failure or the engine's crash. */
export interface PlaygroundSource {
  open(params: OpenPlaygroundParams): Promise<PlaygroundModel>;
  adapters(params: PlaygroundAdaptersParams): Promise<readonly PlaygroundAdapter[]>;
  /** Continues prompts; the signal ends all texts before their next token. News come before the answer. */
  write(
    request: PlaygroundRequest,
    onNews: (news: PlaygroundNews) => void,
    signal: AbortSignal,
  ): Promise<PlaygroundOutcome>;
}
