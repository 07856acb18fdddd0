import { randomInt } from 'node:crypto';
import { longestChat } from '../../../run/chat';
import type { ChatAnswer, ChatRequest, ChatSampling, ChatTurn } from '../../../run/chat';
import { adapterStamp } from '../adapterStamp';
import { TextModel } from '../textModel';
import { encodeTurns } from './encodeTurns';

interface Attachment {
  readonly stamp: string;
  readonly ready: Promise<void>;
}

/**
 * A base model that holds conversations as any of its adapters. Its weights are read with the first answer; tokens are
 * counted without them. Conversations are continued in one batch.
 */
export class ChatModel {
  readonly #attached = new Map<string, Attachment>();

  private constructor(private readonly model: TextModel) {}

  /** @throws Failure where the model cannot be opened */
  static async open(baseModel: string): Promise<ChatModel> {
    return new ChatModel(await TextModel.open({ baseModel, rows: 4, maxLength: longestChat, expectsAdapters: true }));
  }

  /**
   * The answer of an adapter; its text comes in pieces. Aborted, it ends before its next token.
   * @throws Failure `chat-template-missing`, `chat-template-refused`, `prompt-too-long`, those of an adapter that cannot
   *   be attached
   */
  async answer(
    { adapter, turns, sampling }: ChatRequest,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<ChatAnswer> {
    const ids = encodeTurns(this.model, turns);
    const answered = (finishReason: ChatAnswer['finishReason'], completionTokens: number): ChatAnswer => {
      return { finishReason, promptTokens: ids.length, completionTokens };
    };
    const isCancelled = (): boolean => signal.aborted;
    await this.#attach(adapter);
    if (isCancelled()) return answered('cancelled', 0);
    const continuation = await this.model.generate({
      ...this.#howToSample(sampling),
      ids,
      adapters: [{ name: adapter, weight: 1 }],
      maxNewTokens: sampling.maxNewTokens ?? this.model.maxLength,
      stop: sampling.stop,
      signal,
    });
    try {
      for await (const { text } of continuation) {
        if (isCancelled()) break;
        if (text !== '') onText(text);
      }
    } catch (error) {
      if (!isCancelled()) throw error;
    }
    return answered(isCancelled() ? 'cancelled' : (continuation.finishReason ?? 'stop'), continuation.count);
  }

  /**
   * Tokens of a text alone, or of a message in a conversation: with what the chat template puts around it.
   * @throws Failure `chat-template-missing`, `chat-template-refused`
   */
  count(counted: string | ChatTurn): number {
    const { tokenizer } = this.model;
    if (typeof counted === 'string') return tokenizer.encode(counted, { addSpecialTokens: false }).length;
    const turn = counted;
    if (turn.role === 'user') return encodeTurns(this.model, [turn], false).length;
    // Most templates refuse an assistant that speaks first, and many a system that speaks alone.
    const user: ChatTurn = { role: 'user', content: 'a' };
    const both = turn.role === 'system' ? [turn, user] : [user, turn];
    return encodeTurns(this.model, both, false).length - encodeTurns(this.model, [user], false).length;
  }

  /** Waits for the answers that are being written and gives back what holds the model. */
  close(): Promise<void> {
    return this.model.close();
  }

  /** Attaches an adapter when it is first asked, and again once it was trained anew. */
  async #attach(adapter: string): Promise<void> {
    const stamp = await adapterStamp(adapter);
    const known = this.#attached.get(adapter);
    if (known?.stamp === stamp) return known.ready;
    const ready = this.model.attach(adapter, adapter);
    const attachment = { stamp, ready };
    this.#attached.set(adapter, attachment);
    ready.catch(() => {
      if (this.#attached.get(adapter) === attachment) this.#attached.delete(adapter);
    });
    return ready;
  }

  /** As Transformers chooses: by generation_config.json where that says `do_sample`, else the likeliest word. */
  #howToSample({ temperature, topP, seed }: ChatSampling) {
    const said = this.model.base.folder.generationConfig ?? {};
    const isSampled = said['do_sample'] === true;
    const number = (key: string, otherwise: number): number => {
      const value = said[key];
      return isSampled && typeof value === 'number' && value >= 0 ? value : otherwise;
    };
    return {
      temperature: temperature ?? number('temperature', isSampled ? 1 : 0),
      topP: topP ?? number('top_p', 1),
      topK: number('top_k', isSampled ? 50 : 0),
      repetitionPenalty: positive(said['repetition_penalty']) ?? 1,
      seed: seed ?? randomInt(2 ** 32),
    };
  }
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
