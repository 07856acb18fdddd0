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
  // A template may look at what it wrote; then the marks would change it and cannot be trusted.
  if (marked?.text !== whole.text) return undefined;
  return marked.spans
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
  if (start === undefined) return undefined;
  const last = index === chat.messages.length - 1;
  const upToTurn = last ? whole.ids : encodePrefix(context, index + 1, false);
  if (upToTurn === undefined) return undefined;
  const end = commonPrefix(upToTurn, whole.ids);
  // Some templates close the whole conversation with one more token; beyond that the two must not differ.
  const rest = upToTurn.subarray(end);
  if (!rest.every((id) => isSilent(id, tokenizer)) || end <= start) return undefined;
  const content = visibleContent(chat.messages[index]!);
  const written = tokenizer.decode(whole.ids.subarray(start, end));
  return content === undefined || written.includes(content) ? [start, end] : undefined;
}

function startByPrefix(context: Context, index: number): number | undefined {
  const before = encodePrefix(context, index, true);
  return before === undefined ? undefined : commonPrefix(before, context.whole.ids);
}

/** Undefined if the template refuses the beginning of the conversation, such as one without any message. */
function encodePrefix(context: Context, length: number, addGenerationPrompt: boolean): Int32Array | undefined {
  const { chat, template, tokenizer } = context;
  let text: string;
  try {
    text = template.render(chat.messages.slice(0, length), { ...chat.options, addGenerationPrompt });
  } catch {
    return undefined;
  }
  return tokenizer.encode(text, { addSpecialTokens: false });
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

function isSilent(id: number, tokenizer: Tokenizer): boolean {
  return tokenizer.specialIds.has(id) || isBlankToken(id, tokenizer);
}

function isBlankToken(id: number, tokenizer: Tokenizer): boolean {
  return tokenizer.tokenText(id).trim() === '';
}
