import { randomInt } from 'node:crypto';
import type { ChatMessage } from '../../data/chatTemplate';
import type { TextModel, TextRequest } from '../textModel';
import { ApiError, badRequest } from './apiError';
import type { Fields, JsonFields } from './fields';

/** A request for text, understood. */
export interface TextOrder {
  /** As the client called it. */
  readonly model: string;
  readonly isChat: boolean;
  readonly isStream: boolean;
  readonly includeUsage: boolean;
  /** Put the prompt before the text (completions). */
  readonly echo: readonly string[] | undefined;
  readonly promptTokens: number;
  /** One for each choice of the answer. */
  readonly requests: readonly TextRequest[];
}

/** Names by which clients ask for models: the base and its adapters. */
export interface Names {
  readonly base: string;
  has(name: string): boolean;
}

/** What nobody here does. */
const refused = [
  'tools',
  'functions',
  'logit_bias',
  'presence_penalty',
  'frequency_penalty',
  'suffix',
  'audio',
  'prediction',
];
const most = { choices: 16, prompts: 64, stops: 16 };

export function readChat(fields: Fields, model: TextModel, names: Names): TextOrder {
  refuseUnbuilt(fields, ['tool_choice']);
  const ids = model.encodeChat(readMessages(fields.values['messages']));
  const limit =
    fields.number('max_completion_tokens', tokenRange) ?? fields.number('max_tokens', tokenRange) ?? model.maxLength;
  const isAsked = fields.flag('logprobs');
  const top = fields.number('top_logprobs', { min: 0, max: 20, isWhole: true });
  if (top !== undefined && !isAsked) throw badRequest('top_logprobs needs logprobs: true.', 'top_logprobs');
  return order(
    fields,
    names,
    { isChat: true, prompts: [ids], echo: undefined },
    limit,
    isAsked ? (top ?? 0) : undefined,
  );
}

export function readCompletion(fields: Fields, model: TextModel, names: Names): TextOrder {
  refuseUnbuilt(fields);
  const bestOf = fields.number('best_of', { min: 1, max: most.choices, isWhole: true });
  if (bestOf !== undefined && bestOf !== (fields.number('n', choiceRange) ?? 1)) {
    throw badRequest('best_of must be the same as n.', 'best_of');
  }
  const prompts = readPrompts(fields.values['prompt'], model);
  const echo = fields.flag('echo') ? prompts.map(({ text }) => text) : undefined;
  const limit = fields.number('max_tokens', tokenRange) ?? 16;
  const top = fields.number('logprobs', { min: 0, max: 20, isWhole: true });
  return order(fields, names, { isChat: false, prompts: prompts.map(({ ids }) => ids), echo }, limit, top);
}

function refuseUnbuilt(fields: Fields, more: readonly string[] = []): void {
  fields.refuse([...refused, ...more]);
  const format = fields.object('response_format')?.text('type') ?? 'text';
  if (format !== 'text') throw badRequest('response_format must be text.', 'response_format');
}

const tokenRange = { min: 1, max: 10_000_000, isWhole: true };
const choiceRange = { min: 1, max: most.choices, isWhole: true };

function order(
  fields: Fields,
  names: Names,
  asked: {
    readonly isChat: boolean;
    readonly prompts: readonly Int32Array[];
    readonly echo: readonly string[] | undefined;
  },
  maxNewTokens: number,
  topLogProbabilities: number | undefined,
): TextOrder {
  const model = fields.text('model') ?? names.base;
  if (!names.has(model)) throw unknownModel(model);
  const count = fields.number('n', choiceRange) ?? 1;
  const seed = fields.number('seed', { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, isWhole: true });
  const sampling = {
    temperature: fields.number('temperature', { min: 0, max: 100 }) ?? 1,
    topP: fields.number('top_p', { min: 0, max: 1 }) ?? 1,
    topK: Math.max(0, fields.number('top_k', { min: -1, max: 1_000_000, isWhole: true }) ?? 0),
    minP: fields.number('min_p', { min: 0, max: 1 }) ?? 0,
    repetitionPenalty: fields.number('repetition_penalty', { min: 0.01, max: 100 }) ?? 1,
    stop: fields.texts('stop', most.stops),
    ignoreEnd: fields.flag('ignore_eos'),
    maxNewTokens,
    topLogProbabilities,
    adapters: model === names.base ? [] : [{ name: model, weight: 1 }],
  };
  const first = seed ?? randomInt(2 ** 32);
  const requests = asked.prompts.flatMap((ids) =>
    Array.from({ length: count }, (_, i): TextRequest => ({ ...sampling, ids, seed: first + i })),
  );
  return {
    model,
    isChat: asked.isChat,
    isStream: fields.flag('stream'),
    includeUsage: fields.object('stream_options')?.flag('include_usage') ?? false,
    echo: asked.echo?.flatMap((text) => Array.from({ length: count }, () => text)),
    promptTokens: asked.prompts.reduce((sum, { length }) => sum + length, 0),
    requests,
  };
}

export const unknownModel = (name: string): ApiError =>
  new ApiError(404, `There is no model "${name}" here: /v1/models lists those that are.`, {
    code: 'model_not_found',
    param: 'model',
  });

function readMessages(value: unknown): ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0) throw badRequest('messages must be a list of messages.', 'messages');
  return value.map((message: unknown, i) => {
    const { role, content, ...rest } = (message ?? {}) as JsonFields;
    if (typeof role !== 'string') throw badRequest(`messages[${i}] needs a role.`, `messages[${i}].role`);
    return { ...rest, role, content: textOf(content, `messages[${i}].content`) };
  });
}

/** A text, or the texts of a message in parts. */
function textOf(content: unknown, place: string): string {
  if (typeof content === 'string') return content;
  const parts: unknown[] = Array.isArray(content) ? content : [undefined];
  return parts
    .map((part) => {
      const { type, text } = (part ?? {}) as JsonFields;
      if (type === 'text' && typeof text === 'string') return text;
      throw badRequest(`${place} must be text.`, place);
    })
    .join('');
}

function readPrompts(value: unknown, model: TextModel): { ids: Int32Array; text: string }[] {
  const isIds = (entry: unknown): entry is number[] =>
    Array.isArray(entry) && entry.length > 0 && entry.every((id) => Number.isSafeInteger(id));
  const list: unknown[] = Array.isArray(value) && !isIds(value) ? value : [value];
  if (list.length === 0 || list.length > most.prompts) {
    throw badRequest(`prompt must be a text, token ids, or a list of at most ${most.prompts} of them.`, 'prompt');
  }
  return list.map((entry) => {
    if (typeof entry === 'string') return { ids: model.encode(entry), text: entry };
    if (!isIds(entry)) throw badRequest('prompt must be a text, token ids, or a list of them.', 'prompt');
    const { vocabSize } = model.base.model;
    if (entry.some((id) => id < 0 || id >= vocabSize)) {
      throw badRequest(`prompt has a token id outside of 0 to ${vocabSize - 1}.`, 'prompt');
    }
    return { ids: Int32Array.from(entry), text: model.tokenizer.decode(entry, { skipSpecialTokens: true }) };
  });
}
