import type { LikelyToken } from '../../../run/answers';
import type { ChatTurn } from '../../../run/chat';
import type {
  PlaygroundColumn,
  PlaygroundEnd,
  PlaygroundPiece,
  PlaygroundRequest,
  PlaygroundTurn,
} from '../../../run/playground';
import { toWire } from '../../../run/wireError';
import type { TokenLikelihood } from '../../generate/logProbabilities';
import { encodeTurns } from '../chat/encodeTurns';
import type { TextModel } from '../textModel';

/** One text of the playground. */
export interface TextToWrite {
  readonly model: TextModel;
  readonly request: PlaygroundRequest;
  readonly prompt: string;
  /** The turns of a chat before the prompt. */
  readonly earlier: readonly PlaygroundTurn[];
  readonly column: PlaygroundColumn;
  /** Why an adapter of its column cannot be used. */
  readonly problem: unknown;
}

type Tell = (news: { readonly piece: PlaygroundPiece } | { readonly end: PlaygroundEnd }) => void;

/** Continues a prompt and tells its pieces as they become certain, then its end, which may be a failure. */
export async function writeText(text: TextToWrite, tell: Tell, signal: AbortSignal): Promise<void> {
  const pace = new Pace();
  const end = (reason: PlaygroundEnd['reason'], problem?: unknown): void => {
    const { tokens, tokensPerSecond } = pace;
    tell({ end: { reason, tokens, tokensPerSecond, problem: problem === undefined ? null : toWire(problem) } });
  };
  if (text.problem !== undefined) {
    end('failed', text.problem);
    return;
  }
  try {
    signal.throwIfAborted();
    const continuation = await begin(text, signal);
    for await (const { text: letters, tokens } of continuation) {
      pace.reached(continuation.count);
      const told = ({ id, logProbability }: TokenLikelihood): LikelyToken => ({
        id,
        text: text.model.tokenizer.tokenText(id),
        logprob: logProbability,
      });
      tell({ piece: { text: letters, tokens: tokens.map((token) => ({ ...told(token), top: token.top.map(told) })) } });
    }
    end(continuation.finishReason ?? 'stopped');
  } catch (error) {
    if (signal.aborted) end('stopped');
    else end('failed', error);
  }
}

function begin(text: TextToWrite, signal: AbortSignal): ReturnType<TextModel['generate']> {
  const { model, request, prompt, column } = text;
  const { isChat, sampling, likeliest } = request;
  return model.generate({
    ...sampling,
    ids: isChat ? encodeTurns(model, turnsOf(text)) : model.encode(prompt),
    adapters: column.map(({ folder, weight }) => ({ name: folder, weight })),
    topLogProbabilities: likeliest ?? undefined,
    signal,
  });
}

/** The conversation so far, and the prompt. The batch reads only what its cache does not hold from the turn before. */
function turnsOf({ request: { system }, prompt, earlier }: TextToWrite): readonly ChatTurn[] {
  const before = earlier.flatMap((turn): readonly ChatTurn[] => [
    { role: 'user', content: turn.prompt },
    { role: 'assistant', content: turn.answer },
  ]);
  const begin: readonly ChatTurn[] = system === '' ? [] : [{ role: 'system', content: system }];
  return [...begin, ...before, { role: 'user', content: prompt }];
}

/** How fast tokens come. The first one is not counted: the prompt is read before it. */
class Pace {
  tokens = 0;
  #first: { readonly tokens: number; readonly at: number } | undefined;
  #last = 0;

  reached(tokens: number): void {
    this.tokens = tokens;
    this.#last = performance.now();
    this.#first ??= { tokens, at: this.#last };
  }

  get tokensPerSecond(): number | null {
    if (this.#first === undefined || this.tokens === this.#first.tokens) return null;
    return (1000 * (this.tokens - this.#first.tokens)) / Math.max(this.#last - this.#first.at, 1e-3);
  }
}
