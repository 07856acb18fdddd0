import { Failure } from '../../failure/failure';
import { alpacaPrompt } from './alpaca';
import type { ChatMessage } from './chatTemplate';
import { RowProblem, templateInvalid } from './failures';
import { LimitedTemplate } from './limitedTemplate';
import { learntRole } from './rowFormat';
import type { DetectedFormat } from './rowFormat';
import type { RawRow } from './sources/rowSource';

interface ChatExtras {
  readonly tools: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What a row says, whatever its shape was called. */
export type RowContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'completion'; readonly prompt: string; readonly completion: string }
  | ({ readonly kind: 'chat'; readonly messages: readonly ChatMessage[] } & ChatExtras)
  | ({
      readonly kind: 'chat-completion';
      readonly prompt: readonly ChatMessage[];
      readonly completion: readonly ChatMessage[];
    } & ChatExtras);

/** @throws RowProblem */
export type RowReader = (row: RawRow) => RowContent;

/** @throws Failure `dataset-template-invalid`; the reader `dataset-template-endless` */
export function createRowReader(detected: DetectedFormat): RowReader {
  const { format, rowTemplate } = detected;
  if (rowTemplate !== undefined) return templateReader(detected, rowTemplate);
  const text = (row: RawRow, role: string) => textOf(row, role, detected);
  const readers: Readonly<Record<DetectedFormat['format'], RowReader>> = {
    text: (row) => ({ kind: 'text', text: text(row, 'text') }),
    alpaca: (row) => ({
      kind: 'completion',
      prompt: alpacaPrompt(text(row, 'instruction'), optionalTextOf(row, 'input', detected)),
      completion: text(row, 'output'),
    }),
    'prompt-completion': (row) => promptAndCompletion(row, detected),
    messages: (row) => ({ kind: 'chat', messages: chatOf(row, 'messages', detected), ...extrasOf(row) }),
    sharegpt: (row) => ({ kind: 'chat', messages: chatOf(row, 'conversations', detected), ...extrasOf(row) }),
  };
  return readers[format];
}

function promptAndCompletion(row: RawRow, detected: DetectedFormat): RowContent {
  const isList = (role: string) => looksLikeList(valueOf(row, role, detected));
  if (!isList('prompt') && !isList('completion')) {
    return {
      kind: 'completion',
      prompt: textOf(row, 'prompt', detected),
      completion: textOf(row, 'completion', detected),
    };
  }
  return {
    kind: 'chat-completion',
    prompt: chatOf(row, 'prompt', detected),
    completion: chatOf(row, 'completion', detected),
    ...extrasOf(row),
  };
}

/** A noncharacter, so that no text of a row holds it. */
const placeholder = '\u{2fffe}';

/**
 * A row template is written over the row's columns and the names of its roles. Where the format has something to
 * learn, that begins where the template puts it, or follows the template if it does not mention it.
 */
function templateReader(detected: DetectedFormat, source: string): RowReader {
  let template: LimitedTemplate;
  try {
    template = new LimitedTemplate(source, true);
  } catch (error) {
    throw templateInvalid(true, error);
  }
  const roles = (row: RawRow) =>
    Object.fromEntries(Object.entries(detected.columnOf).map(([role, column]) => [role, row[column]]));
  const render = (variables: Readonly<Record<string, unknown>>): string => {
    try {
      return template.render(variables);
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new RowProblem(
        `the template cannot be filled with it (${(error as Error).message})`,
        'Look at dataset.template in the recipe.',
        error,
      );
    }
  };
  const role = learntRole(detected.format);
  const column = role === undefined ? undefined : detected.columnOf[role];
  if (role === undefined || column === undefined)
    return (row) => ({ kind: 'text', text: render({ ...row, ...roles(row) }) });
  return (row) => {
    const learnt = textOf(row, role, detected);
    const whole = render({ ...row, ...roles(row), [column]: placeholder, [role]: placeholder });
    const at = whole.indexOf(placeholder);
    if (at === -1) return { kind: 'completion', prompt: whole, completion: learnt };
    return {
      kind: 'completion',
      prompt: whole.slice(0, at),
      completion: whole.slice(at).replaceAll(placeholder, () => learnt),
    };
  };
}

function valueOf(row: RawRow, role: string, detected: DetectedFormat): unknown {
  const column = detected.columnOf[role] ?? role;
  const value = row[column];
  if (value === undefined || value === null) {
    throw new RowProblem(`"${column}" ${value === null ? 'is null' : 'is missing'}`, expects(detected));
  }
  return value;
}

function textOf(row: RawRow, role: string, detected: DetectedFormat): string {
  const value = valueOf(row, role, detected);
  if (typeof value === 'string') return value;
  throw new RowProblem(`"${detected.columnOf[role] ?? role}" is ${nameType(value)}, not a text`, expects(detected));
}

function optionalTextOf(row: RawRow, role: string, detected: DetectedFormat): string {
  const column = detected.columnOf[role];
  const value = column === undefined ? undefined : row[column];
  return value === undefined || value === null ? '' : textOf(row, role, detected);
}

/** A list of messages, also when a CSV cell holds it as JSON. */
function chatOf(row: RawRow, role: string, detected: DetectedFormat): ChatMessage[] {
  const column = detected.columnOf[role] ?? role;
  const found = valueOf(row, role, detected);
  const value = typeof found === 'string' && looksLikeList(found) ? parseJson(found) : found;
  if (!Array.isArray(value)) {
    throw new RowProblem(`"${column}" is ${nameType(value)}, not a list of messages`, expects(detected));
  }
  if (value.length === 0) throw new RowProblem(`"${column}" is an empty list`, expects(detected));
  return value.map((message: unknown, index) => messageOf(message, `${column}[${index}]`));
}

/** ShareGPT's names of the speakers; other names stay as they are. */
const speakers: ReadonlyMap<string, string> = new Map([
  ['human', 'user'],
  ['gpt', 'assistant'],
  ['chatgpt', 'assistant'],
  ['bing', 'assistant'],
  ['bard', 'assistant'],
]);

const messageHint =
  'A message is {"role": "user", "content": "…"} or, in ShareGPT\'s spelling, {"from": "human", "value": "…"}.';

function messageOf(message: unknown, path: string): ChatMessage {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new RowProblem(`${path} is ${nameType(message)}, not a message`, messageHint);
  }
  const { from, value, ...rest } = message as Record<string, unknown>;
  const role = rest['role'] ?? (typeof from === 'string' ? (speakers.get(from) ?? from) : from);
  const content = rest['content'] ?? value;
  if (typeof role !== 'string' || role === '') throw new RowProblem(`${path} has no role`, messageHint);
  const speaks = typeof content === 'string' || Array.isArray(content);
  const acts = Array.isArray(rest['tool_calls']) && (content === null || content === undefined);
  if (!speaks && !acts) throw new RowProblem(`${path} has no content`, messageHint);
  return content === undefined ? { ...rest, role } : { ...rest, role, content };
}

function extrasOf(row: RawRow): ChatExtras {
  const tools = row['tools'];
  const variables = row['chat_template_kwargs'];
  return {
    tools: typeof tools === 'string' ? parseJson(tools) : (tools ?? null),
    variables: typeof variables === 'object' && variables !== null ? (variables as Record<string, unknown>) : {},
  };
}

function looksLikeList(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && /^\s*\[\s*\{/.test(value) && isJson(value));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RowProblem('"tools" is not valid JSON', 'Write it as a list of tool descriptions.', error);
  }
}

function expects(detected: DetectedFormat): string {
  const names = detected.required.map((role) => `"${detected.columnOf[role] ?? role}"`);
  return `Every row of this dataset (format "${detected.format}") needs ${names.join(' and ')}.`;
}

function nameType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
