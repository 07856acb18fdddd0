import { Failure } from '../../failure/failure';
import { findAssistantTokens } from './assistantMask';
import type { ChatTemplate } from './chatTemplate';
import { RowProblem } from './failures';
import type { RowContent } from './rowContent';
import type { Tokenizer } from './tokenizer';
import { commonPrefix } from './tokenSpans';

export interface EncodeRowOptions {
  /** Longest example in tokens. */
  readonly maxLength: number;
  /** Loss on completions and assistant turns only. */
  readonly completionOnlyLoss: boolean;
}

export interface EncodedRow {
  readonly ids: Int32Array;
  readonly supervised: Uint8Array;
  /** Tokens before the cut at `maxLength`. */
  readonly fullLength: number;
}

export type RowEncoder = (content: RowContent) => EncodedRow;

/**
 * Rows become tokens as TRL's `SFTTrainer` makes them: the end token is appended to rows that are plain text; prompt
 * and completion are tokenized together, and the completion starts where that differs from the prompt alone;
 * conversations are written by the chat template alone; then the row is cut at `maxLength`.
 * @throws RowProblem (the encoder) if a chat template refuses a row or hides what the assistant said
 */
export function createRowEncoder(
  tokenizer: Tokenizer,
  template: ChatTemplate | undefined,
  options: EncodeRowOptions,
): RowEncoder {
  return (content) => {
    const { ids, supervised } = encode(content, tokenizer, template, options.completionOnlyLoss);
    const length = Math.min(ids.length, options.maxLength);
    return { ids: ids.slice(0, length), supervised: supervised.slice(0, length), fullLength: ids.length };
  };
}

interface Masked {
  readonly ids: Int32Array;
  readonly supervised: Uint8Array;
}

function encode(
  content: RowContent,
  tokenizer: Tokenizer,
  template: ChatTemplate | undefined,
  completionOnly: boolean,
): Masked {
  switch (content.kind) {
    case 'text': {
      return everything(tokenizer.encode(endText(content.text, tokenizer)));
    }
    case 'completion': {
      const ids = tokenizer.encode(content.prompt + endText(content.completion, tokenizer));
      return completionOnly ? after(ids, tokenizer.encode(content.prompt)) : everything(ids);
    }
    case 'chat': {
      const chat = { messages: content.messages, options: { tools: content.tools, variables: content.variables } };
      if (completionOnly) return render(() => findAssistantTokens(chat, needed(template), tokenizer));
      return everything(encodeChat(content, content.messages, false, tokenizer, needed(template)));
    }
    case 'chat-completion': {
      const whole = [...content.prompt, ...content.completion];
      const ids = encodeChat(content, whole, false, tokenizer, needed(template));
      if (!completionOnly) return everything(ids);
      return after(ids, encodeChat(content, content.prompt, true, tokenizer, needed(template)));
    }
  }
}

function encodeChat(
  content: Extract<RowContent, { readonly tools: unknown }>,
  messages: Extract<RowContent, { readonly kind: 'chat' }>['messages'],
  addGenerationPrompt: boolean,
  tokenizer: Tokenizer,
  template: ChatTemplate,
): Int32Array {
  const { tools, variables } = content;
  const text = render(() => template.render(messages, { addGenerationPrompt, tools, variables }));
  // The template writes the first token itself.
  return tokenizer.encode(text, { addSpecialTokens: false });
}

function endText(text: string, { eosToken }: Tokenizer): string {
  return eosToken === undefined || text.endsWith(eosToken) ? text : text + eosToken;
}

function everything(ids: Int32Array): Masked {
  return { ids, supervised: new Uint8Array(ids.length).fill(1) };
}

function after(ids: Int32Array, prompt: Int32Array): Masked {
  return { ids, supervised: new Uint8Array(ids.length).fill(1, commonPrefix(ids, prompt)) };
}

function needed(template: ChatTemplate | undefined): ChatTemplate {
  if (template === undefined) throw new Error('conversational rows are only read with a chat template');
  return template;
}

/** What a template refuses ("roles must alternate") is a problem of the row. */
function render<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RowProblem || error instanceof Failure) throw error;
    throw new RowProblem(
      `the chat template refuses it (${(error as Error).message})`,
      'The template belongs to the model; dataset.template can replace it.',
      error,
    );
  }
}
