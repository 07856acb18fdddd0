import type { BatchText } from './textBatch';
import { likeliestTokens, logSumExp } from './logProbabilities';
import type { TokenLikelihood } from './logProbabilities';
import { penalizeRepetition, sampler } from './sampling';
import type { Sampler, SamplingOptions } from './sampling';
import { StopStrings } from './stopStrings';
import { TextStream } from './textStream';
import type { Decoder } from './textStream';

export interface ContinuationOptions<Choice> extends SamplingOptions {
  /** The prompt; at least one token. */
  readonly ids: ArrayLike<number>;
  readonly choice: Choice;
  readonly maxNewTokens: number;
  /** Ids that end the text; they are not given out. */
  readonly endIds: ReadonlySet<number>;
  /** Strings that end the text; they are not given out. */
  readonly stop?: readonly string[];
  /** Above 1, tokens of the prompt and the text become less likely. */
  readonly repetitionPenalty?: number;
  /** How many of the likeliest tokens are told at each place; `undefined`: no log-probabilities. */
  readonly topLogProbabilities?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A token that was chosen, and what the model thought at its place. */
export interface ChosenToken extends TokenLikelihood {
  readonly top: readonly TokenLikelihood[];
}

/** What has become certain of a text: letters, and the tokens that were chosen since the last piece. */
export interface TextPiece {
  readonly text: string;
  /** With log-probabilities alone. */
  readonly tokens: readonly ChosenToken[];
}

/** `stop`: an end token or stop string came; `length`: there was no room for more. */
export type FinishReason = 'stop' | 'length';

/**
 * One text as it grows: a member of a batch on one side, an iterator of pieces on the other. Whoever stops iterating
 * ends it.
 */
export class Continuation<Choice> implements BatchText<Choice>, AsyncIterableIterator<TextPiece> {
  readonly ids: ArrayLike<number>;
  readonly choice: Choice;
  readonly signal: AbortSignal;
  readonly #stopped = new AbortController();
  readonly #sample: Sampler;
  readonly #stream: TextStream;
  readonly #stops: StopStrings;
  readonly #seen: Set<number>;
  readonly #pieces: TextPiece[] = [];
  #tokens: ChosenToken[] = [];
  #text = '';
  #count = 0;
  #reason: FinishReason | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(
    private readonly options: ContinuationOptions<Choice>,
    decoder: Decoder,
    /** Tokens of a text at most, the prompt's included. */
    private readonly contextLength: number,
  ) {
    this.ids = options.ids;
    this.choice = options.choice;
    const { signal: outer } = options;
    this.signal = outer === undefined ? this.#stopped.signal : AbortSignal.any([outer, this.#stopped.signal]);
    this.#sample = sampler(options);
    this.#stream = new TextStream(decoder, options.ids);
    this.#stops = new StopStrings((options.stop ?? []).filter((stop) => stop !== ''));
    this.#seen = new Set(Array.from(options.ids));
  }

  /** Tokens that were chosen; of those that end a text none. */
  get count(): number {
    return this.#count;
  }
  /** All that was given out. */
  get text(): string {
    return this.#text;
  }
  /** Why it ended; `undefined` before. */
  get finishReason(): FinishReason | undefined {
    return this.#reason;
  }

  /** Ends the text before its next token. */
  return(): Promise<IteratorResult<TextPiece>> {
    this.#stopped.abort();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake?.();
  }

  choose(logits: Float32Array): number | undefined {
    const { maxNewTokens, endIds, repetitionPenalty = 1, topLogProbabilities } = this.options;
    const raw = topLogProbabilities !== undefined && repetitionPenalty !== 1 ? logits.slice() : logits;
    if (repetitionPenalty !== 1) penalizeRepetition(logits, this.#seen, repetitionPenalty);
    const id = this.#sample(logits);
    if (endIds.has(id)) {
      this.#end('stop');
      return undefined;
    }
    this.#count++;
    this.#seen.add(id);
    if (topLogProbabilities !== undefined) {
      const total = logSumExp(raw);
      const top = likeliestTokens(raw, topLogProbabilities, total);
      this.#tokens.push({ id, logProbability: raw[id]! - total, top });
    }
    this.#give(this.#stops.push(this.#stream.push(id)));
    const isFull = this.#count >= maxNewTokens || this.ids.length + this.#count >= this.contextLength;
    if (!this.#stops.found && !isFull) return id;
    this.#end('length');
    return undefined;
  }

  /** Waits for the end and gives all of the text. */
  async whole(): Promise<string> {
    for (let next = await this.next(); next.done !== true;) next = await this.next();
    return this.#text;
  }

  #end(reason: FinishReason): void {
    this.#give(this.#stops.push(this.#stream.end()));
    this.#give(this.#stops.end());
    if (this.#tokens.length > 0) this.#put('');
    this.#reason = this.#stops.found ? 'stop' : reason;
    this.#wake?.();
  }

  #give(text: string): void {
    if (text !== '') this.#put(text);
  }

  #put(text: string): void {
    this.#text += text;
    this.#pieces.push({ text, tokens: this.#tokens });
    this.#tokens = [];
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<TextPiece>> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) return { done: false, value: piece };
      if (this.#failure !== undefined && !this.#stopped.signal.aborted) throw this.#failure.error;
      if (this.#reason !== undefined || this.#stopped.signal.aborted) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }
}
