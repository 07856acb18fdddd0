import type { ChatSampling, ChatTurn } from '../../run/chat';
import { chatOptionInvalid, chatPartUnsupported, chatToolsUnsupported } from './failures';
import type { ChatRequestMessage, ChatResponseOptions } from './languageModelApi';

const roles: Readonly<Record<number, ChatTurn['role']>> = { 1: 'user', 2: 'assistant', 3: 'system' };

/**
 * What VS Code sends as a conversation that chat templates take: several messages of the same speaker in a row, as VS
 * Code sends context and question, become one.
 * @throws Failure `chat-part-unsupported`
 */
export function turnsOf(
  messages: readonly ChatRequestMessage[],
  textOf: (part: unknown) => string | undefined,
): readonly ChatTurn[] {
  const turns: ChatTurn[] = [];
  for (const message of messages) {
    const turn = turnOf(message, textOf);
    const last = turns.at(-1);
    if (turn.content === '') continue;
    if (last?.role === turn.role) turns[turns.length - 1] = { ...last, content: `${last.content}\n\n${turn.content}` };
    else turns.push(turn);
  }
  return turns;
}

/** @throws Failure `chat-part-unsupported` */
export function turnOf({ role, content }: ChatRequestMessage, textOf: (part: unknown) => string | undefined): ChatTurn {
  const texts = content.map((part) => {
    const text = textOf(part);
    if (text !== undefined) return text;
    const fields = (part ?? {}) as Readonly<Record<string, unknown>>;
    if ('callId' in fields) throw chatPartUnsupported('calls of tools');
    // Marks for caches of other models, and what other models thought, say nothing to this one.
    if ('mimeType' in fields && !String(fields['mimeType']).startsWith('image/')) return '';
    if ('mimeType' in fields) throw chatPartUnsupported('pictures');
    return '';
  });
  return { role: roles[role] ?? 'user', content: texts.join('') };
}

/**
 * Options under the names that OpenAI's interface has.
 * @throws Failure `chat-option-invalid`, `chat-tools-unsupported`
 */
export function samplingOf({ modelOptions = {}, toolMode, tools = [] }: ChatResponseOptions): ChatSampling {
  if (tools.length > 0 && toolMode === 2) throw chatToolsUnsupported();
  const number = (name: string, wanted: string, fits: (value: number) => boolean): number | null => {
    const value = modelOptions[name] ?? null;
    if (value === null) return null;
    if (typeof value === 'number' && fits(value)) return value;
    throw chatOptionInvalid(name, wanted);
  };
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  return {
    temperature: number('temperature', 'a number from 0 to 100', (value) => value >= 0 && value <= 100),
    topP: number('top_p', 'a number from 0 to 1', (value) => value >= 0 && value <= 1),
    seed: number('seed', 'a whole number', Number.isSafeInteger),
    maxNewTokens:
      number('max_completion_tokens', 'a whole number from 1 on', isCount) ??
      number('max_tokens', 'a whole number from 1 on', isCount),
    stop: stopOf(modelOptions['stop']),
  };
}

function stopOf(value: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const given = list.filter((entry) => entry !== undefined && entry !== null);
  if (given.every((entry) => typeof entry === 'string')) return given;
  throw chatOptionInvalid('stop', 'a text or a list of texts');
}
