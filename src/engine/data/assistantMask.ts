import type { ChatMessage, ChatTemplate, RenderOptions } from './chatTemplate';
import { RowProblem } from './failures';
import type { Tokenizer } from './tokenizer';
import { commonPrefix, tokenizeText } from './tokenSpans';
import type { TokenizedText } from './tokenSpans';

interface Chat {
  readonly messages: readonly ChatMessage[];
  readonly options: Omit<RenderOptions, 'addGenerationPrompt'>;
}

/** Tokens `[start, end)` */
type TokenSpan = readonly [start: number, end: number];

interface Context {
  readonly chat: Chat;
  readonly template: ChatTemplate;
  readonly tokenizer: Tokenizer;
  readonly whole: TokenizedText;
}

/**
 * The tokens of a conversation and which of them the assistant wrote: from the end of the header that opens its turn
 * to the token that ends the turn. Three ways, the first that works:
 * 1. the template marks it (`{% generation %}`);
 * 2. the conversation up to the turn, with the generation prompt, and the one up to and with the turn, are both
 *    beginnings of the whole;
 * 3. the template writes a turn differently once others follow (thoughts are dropped): then the turn's content is
 *    found by changing it, and the special token that ends the turn comes right after it.
 * @throws RowProblem if none works: a mask that is guessed would teach the wrong words
 */
export function findAssistantTokens(
  chat: Chat,
  template: ChatTemplate,
  tokenizer: Tokenizer,
): { readonly ids: Int32Array; readonly supervised: Uint8Array } {
  const text = template.render(chat.messages, { ...chat.options, addGenerationPrompt: false });
  const whole = tokenizeText(text, tokenizer);
  const context = { chat, template, tokenizer, whole };
  const supervised = new Uint8Array(whole.ids.length);
  for (const [start, end] of markedSpans(context) ?? derivedSpans(context)) supervised.fill(1, start, end);
  return { ids: whole.ids, supervised };
}

function markedSpans({ chat, template, whole }: Context): TokenSpan[] | undefined {
  const marked = template.renderMarked(chat.messages, { ...chat.options, addGenerationPrompt: false });
  return marked?.spans
    .filter(([start, end]) => end > start)
    .map(([start, end]) => [whole.tokenAt(start), whole.tokenAfter(end)]);
}

function derivedSpans(context: Context): TokenSpan[] {
  return context.chat.messages.flatMap((message, index) => {
    if (message.role !== 'assistant') return [];
    const span = spanByPrefixes(context, index) ?? spanByContent(context, index);
    if (span !== undefined) return [span];
    throw new RowProblem(
      `the chat template does not show which tokens the assistant wrote in message ${index + 1}`,
      'Put {% generation %} and {% endgeneration %} around the assistant’s words in the chat template, or set ' +
        'dataset.completion_only_loss to false to learn every token.',
    );
  });
}

function spanByPrefixes(context: Context, index: number): TokenSpan | undefined {
  const { chat, tokenizer, whole } = context;
  const start = startByPrefix(context, index);
  const end = index === chat.messages.length - 1 ? whole.ids.length : endByPrefix(context, index);
  if (start === undefined || end === undefined || end <= start) return undefined;
  const content = visibleContent(chat.messages[index]!);
  const written = tokenizer.decode(whole.ids.subarray(start, end));
  return content === undefined || written.includes(asDecoded(content, tokenizer)) ? [start, end] : undefined;
}

/** Where the turn's header ends: the generation prompt is that header. */
function startByPrefix(context: Context, index: number): number | undefined {
  const { tokenizer, whole } = context;
  const before = renderPrefix(context, index, true);
  if (before === undefined) return undefined;
  if (whole.text.startsWith(before)) return whole.tokenAt(before.length);
  return commonPrefix(tokenizer.encode(before, { addSpecialTokens: false }), whole.ids);
}

function endByPrefix(context: Context, index: number): number | undefined {
  const { tokenizer, whole } = context;
  const upToTurn = renderPrefix(context, index + 1, false);
  if (upToTurn === undefined) return undefined;
  if (whole.text.startsWith(upToTurn)) return whole.tokenAfter(upToTurn.length);
  // Some templates close the whole conversation with one more token; beyond that the two must not differ.
  const ids = tokenizer.encode(upToTurn, { addSpecialTokens: false });
  const end = commonPrefix(ids, whole.ids);
  return ids.subarray(end).every((id) => isSilent(id, tokenizer)) ? end : undefined;
}

/** Undefined if the template refuses the beginning of the conversation, such as one without any message. */
function renderPrefix(context: Context, length: number, addGenerationPrompt: boolean): string | undefined {
  const { chat, template } = context;
  try {
    return template.render(chat.messages.slice(0, length), { ...chat.options, addGenerationPrompt });
  } catch {
    return undefined;
  }
}

function spanByContent(context: Context, index: number): TokenSpan | undefined {
  const { chat, template, tokenizer, whole } = context;
  const message = chat.messages[index]!;
  const content = visibleContent(message);
  if (content === undefined || typeof message.content !== 'string') return undefined;
  const changed = chat.messages.with(index, {
    ...message,
    content: message.content.replace(content, () => '\u{3fffe}'),
  });
  const other = template.render(changed, { ...chat.options, addGenerationPrompt: false });
  const at = other.indexOf('\u{3fffe}');
  const end = at + content.length;
  if (at === -1 || whole.text !== other.replaceAll('\u{3fffe}', () => content)) return undefined;

  const contentStart = whole.tokenAt(at);
  const headerEnd = startByPrefix(context, index) ?? contentStart;
  let next = whole.tokenAfter(end);
  while (next < whole.ids.length && isBlankToken(whole.ids[next]!, tokenizer)) next++;
  if (next < whole.ids.length && !tokenizer.specialIds.has(whole.ids[next]!)) return undefined;
  next++;
  while (next < whole.ids.length && isBlankToken(whole.ids[next]!, tokenizer)) next++;
  return [Math.min(headerEnd, contentStart), Math.min(next, whole.ids.length)];
}

/** The words that the template must show; what stands in thoughts before them it may drop. */
function visibleContent(message: ChatMessage): string | undefined {
  if (typeof message.content !== 'string') return undefined;
  const trimmed = message.content.split('</think>').at(-1)!.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** What is left of a text once it has been tokens: some vocabularies lack characters. */
function asDecoded(text: string, tokenizer: Tokenizer): string {
  return tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false })).trim();
}

function isSilent(id: number, tokenizer: Tokenizer): boolean {
  return tokenizer.specialIds.has(id) || isBlankToken(id, tokenizer);
}

function isBlankToken(id: number, tokenizer: Tokenizer): boolean {
  return tokenizer.tokenText(id).trim() === '';
}
