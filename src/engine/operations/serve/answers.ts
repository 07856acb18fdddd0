import { randomUUID } from 'node:crypto';
import type { Tokenizer } from '../../data/tokenizer';
import type { ChosenToken, Continuation, FinishReason } from '../../generate/continuation';
import type { TokenLikelihood } from '../../generate/logProbabilities';
import type { TextOrder } from './requests';

/** Answers in the shapes of OpenAI's interface: whole ones, and the chunks of a stream. */
export class Answers {
  readonly #head: { readonly id: string; readonly created: number; readonly model: string };
  /** Letters that each choice has had, for the offsets of log-probabilities. */
  readonly #offsets: number[];

  constructor(
    private readonly order: TextOrder,
    private readonly tokenizer: Tokenizer,
  ) {
    const id = `${order.isChat ? 'chatcmpl' : 'cmpl'}-${randomUUID()}`;
    this.#head = { id, created: Math.floor(Date.now() / 1000), model: order.model };
    this.#offsets = order.requests.map((_, i) => order.echo?.[i]?.length ?? 0);
  }

  /** The whole answer. */
  whole(
    choices: readonly { text: string; tokens: readonly ChosenToken[]; finishReason: FinishReason }[],
    count: number,
  ) {
    return {
      ...this.#head,
      object: this.order.isChat ? 'chat.completion' : 'text_completion',
      choices: choices.map(({ text, tokens, finishReason }, index) => ({
        index,
        ...(this.order.isChat
          ? { message: { role: 'assistant', content: text, refusal: null } }
          : { text: (this.order.echo?.[index] ?? '') + text }),
        logprobs: this.#logprobs(index, tokens),
        finish_reason: finishReason,
      })),
      usage: this.usage(count),
    };
  }

  /** What comes before the first word of a choice, where there is something. */
  opening(index: number): unknown {
    if (this.order.isChat) return this.#chunk(index, { delta: { role: 'assistant', content: '' } }, null, null);
    const echo = this.order.echo?.[index];
    return echo === undefined ? undefined : this.#chunk(index, { text: echo }, null, null);
  }

  piece(index: number, text: string, tokens: readonly ChosenToken[]): unknown {
    const content = this.order.isChat ? { delta: { content: text } } : { text };
    return this.#chunk(index, content, this.#logprobs(index, tokens), null);
  }

  closing(index: number, reason: FinishReason): unknown {
    return this.#chunk(index, this.order.isChat ? { delta: {} } : { text: '' }, null, reason);
  }

  /** The last chunk of a stream that was asked to count. */
  counted(completionTokens: number): unknown {
    return { ...this.#head, object: this.#chunkObject, choices: [], usage: this.usage(completionTokens) };
  }

  usage(completionTokens: number) {
    const { promptTokens } = this.order;
    return {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    };
  }

  get #chunkObject(): string {
    return this.order.isChat ? 'chat.completion.chunk' : 'text_completion';
  }

  #chunk(index: number, content: object, logprobs: unknown, reason: FinishReason | null): unknown {
    const usage = this.order.includeUsage ? { usage: null } : {};
    const choices = [{ index, ...content, logprobs, finish_reason: reason }];
    return { ...this.#head, object: this.#chunkObject, choices, ...usage };
  }

  #logprobs(index: number, tokens: readonly ChosenToken[]): unknown {
    if (this.order.requests[0]!.topLogProbabilities === undefined) return null;
    return this.order.isChat ? this.#chatLogprobs(tokens) : this.#completionLogprobs(index, tokens);
  }

  #chatLogprobs(tokens: readonly ChosenToken[]): unknown {
    const told = ({ id, logProbability }: TokenLikelihood) => ({
      token: this.tokenizer.tokenText(id),
      logprob: logProbability,
      bytes: Array.from(this.tokenizer.tokenBytes(id)),
    });
    return { content: tokens.map((token) => ({ ...told(token), top_logprobs: token.top.map(told) })), refusal: null };
  }

  #completionLogprobs(index: number, tokens: readonly ChosenToken[]): unknown {
    const text = ({ id }: TokenLikelihood): string => this.tokenizer.tokenText(id);
    const texts = tokens.map(text);
    return {
      tokens: texts,
      token_logprobs: tokens.map(({ logProbability }) => logProbability),
      top_logprobs: tokens.map(({ top }) => Object.fromEntries(top.map((one) => [text(one), one.logProbability]))),
      text_offset: texts.map((one) => {
        const offset = this.#offsets[index]!;
        this.#offsets[index] = offset + one.length;
        return offset;
      }),
    };
  }
}

/** All of a continuation. */
export async function collect(
  continuation: Continuation<unknown>,
  onFirst: () => void,
): Promise<{ text: string; tokens: ChosenToken[]; finishReason: FinishReason }> {
  const found: ChosenToken[] = [];
  for await (const { tokens } of continuation) {
    onFirst();
    found.push(...tokens);
  }
  return { text: continuation.text, tokens: found, finishReason: continuation.finishReason ?? 'stop' };
}
