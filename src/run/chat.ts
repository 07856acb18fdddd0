/** A message of a conversation, in the roles that chat templates know. */
export interface ChatTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** How words are chosen; null is what the model's generation_config.json says, else what Transformers does: greedily. */
export interface ChatSampling {
  /** 0 always takes the likeliest word. */
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly seed: number | null;
  /** Null: as many as the model has room for. */
  readonly maxNewTokens: number | null;
  readonly stop: readonly string[];
}

/** A conversation that an adapter is to answer. */
export interface ChatRequest {
  /** Absolute path of the base model's folder or GGUF file. */
  readonly baseModel: string;
  /** Absolute path of the adapter's folder. */
  readonly adapter: string;
  readonly turns: readonly ChatTurn[];
  readonly sampling: ChatSampling;
}

export interface ChatAnswer {
  /** `length`: there was no room for more. */
  readonly finishReason: 'stop' | 'length' | 'cancelled';
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What is to be counted in tokens: a text alone, or a message with all that the chat template puts around it. */
export interface TokenCountRequest {
  /** As in `ChatRequest`. */
  readonly baseModel: string;
  readonly counted: string | ChatTurn;
}

/** Tokens of a conversation with its answer at most: a cache for longer ones would need too much memory. */
export const longestChat = 8192;
