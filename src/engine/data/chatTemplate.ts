import { LimitedTemplate } from './limitedTemplate';

export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [key: string]: unknown;
}

export interface RenderOptions {
  /** Ends with what begins the assistant's turn. */
  readonly addGenerationPrompt: boolean;
  readonly tools?: unknown;
  /** Further variables of the row (`chat_template_kwargs`). */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A stretch of rendered text, `[start, end)` in UTF-16 units. */
export type TextSpan = readonly [start: number, end: number];

export interface ChatTemplate {
  /** @throws TemplateExhausted; Error with the template's own words, when it refuses the messages. */
  render(messages: readonly ChatMessage[], options: RenderOptions): string;
  /** The same with what stood inside `{% generation %}` marks, or undefined if the template has no such marks. */
  renderMarked(messages: readonly ChatMessage[], options: RenderOptions): MarkedText | undefined;
}

export interface MarkedText {
  readonly text: string;
  readonly spans: readonly TextSpan[];
}

/** Noncharacters, so that no text of a row holds them. */
const opening = '\u{1fffe}';
const closing = '\u{1ffff}';

/**
 * Compiles a chat template and gives it what Transformers gives: the special tokens by name, messages without their
 * null keys, and a model's reasoning under each of its usual names.
 * @param isOwn the template stands in the recipe
 */
export function compileChatTemplate(
  source: string,
  specialTokens: Readonly<Record<string, string>>,
  isOwn = false,
): ChatTemplate {
  const markedSource = markGeneration(source);
  const template = new LimitedTemplate(markedSource ?? source, isOwn);

  const variables = (messages: readonly ChatMessage[], options: RenderOptions) => ({
    ...specialTokens,
    tools: options.tools ?? null,
    documents: null,
    ...options.variables,
    messages: messages.map(asTransformersPasses),
    add_generation_prompt: options.addGenerationPrompt,
  });

  const renderMarked = (messages: readonly ChatMessage[], options: RenderOptions) =>
    takeSpans(template.render(variables(messages, options)));
  return {
    render: (messages, options) => renderMarked(messages, options).text,
    renderMarked: (messages, options) => (markedSource === undefined ? undefined : renderMarked(messages, options)),
  };
}

/** The template of `tokenizer_config.json`: a string, or a list of named ones of which `default` is for chats. */
export function chatTemplateOf(tokenizerConfig: Readonly<Record<string, unknown>>): string | undefined {
  const value = tokenizerConfig['chat_template'];
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const chosen = named.find((entry) => entry.name === 'default');
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}

const reasoningKeys = ['reasoning_content', 'thinking', 'reasoning'] as const;

function asTransformersPasses(message: ChatMessage): Record<string, unknown> {
  const present = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null));
  const reasoning = reasoningKeys.map((key) => present[key]).find((value) => value !== undefined);
  return reasoning === undefined ? present : { thinking: reasoning, ...present, reasoning_content: reasoning };
}

/**
 * Writes a mark where Transformers' Jinja extension notes a position; the library would drop the tags with other
 * blanks around them than Jinja. A statement tag also swallows the blanks before it on
 * its line and the line break after it (`lstrip_blocks`, `trim_blocks`), an expression does not, hence the pattern.
 */
function markGeneration(source: string): string | undefined {
  const tag = /(^[ \t]*)?\{%(-?)\s*(end)?generation\s*(-?)%\}(\n?)/gm;
  if (!source.match(tag)) return undefined;
  return source.replace(tag, (_all, _blanks, left: string, end: string | undefined, right: string) => {
    return `{{${left} '${end === undefined ? opening : closing}' ${right}}}`;
  });
}

function takeSpans(marked: string): MarkedText {
  const spans: TextSpan[] = [];
  let text = '';
  let start = 0;
  for (const piece of marked.split(/(\u{1fffe}|\u{1ffff})/u)) {
    if (piece === opening) start = text.length;
    else if (piece === closing) spans.push([start, text.length]);
    else text += piece;
  }
  return { text, spans };
}
