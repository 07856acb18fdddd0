import { compileChatTemplate } from './chatTemplate';
import type { ChatTemplate } from './chatTemplate';
import { createRowEncoder } from './encode';
import type { EncodedRow } from './encode';
import {
  chatTemplateMissing,
  datasetEmpty,
  RowProblem,
  rowInvalid,
  TemplateExhausted,
  templateInvalid,
} from './failures';
import type { PlacedRow } from './order';
import { createRowReader } from './rowContent';
import type { RowContent, RowReader } from './rowContent';
import { detectFormat, isChat } from './rowFormat';
import type { DetectedFormat, FormatOptions, RowFormat } from './rowFormat';
import type { RawRow, RowBlock, RowSource } from './sources/rowSource';
import type { Tokenizer } from './tokenizer';

export interface ReadingOptions extends FormatOptions {
  /** Longest example in tokens; what is beyond is cut off. */
  readonly maxLength: number;
  /** Loss on completions and assistant turns only; otherwise on every token. */
  readonly completionOnlyLoss: boolean;
}

/** How the rows of a file become tokens. */
export interface Reading {
  readonly format: RowFormat;
  readonly read: RowReader;
  readonly encode: (content: RowContent) => EncodedRow;
  /** What writes its conversations, when they are some. */
  readonly template: ChatTemplate | undefined;
}

/**
 * Finds out from the first rows how the rows of a file are read.
 * @param chatTemplate the model's; `options.template` takes its place for conversational rows
 * @throws Failure `dataset-…`
 */
export async function prepareReading(
  source: RowSource,
  options: ReadingOptions,
  tokenizer: Tokenizer,
  chatTemplate: string | undefined,
): Promise<Reading> {
  const first = await firstRow(source);
  const detected = detectReading(source, first, options);
  source.selectColumns(detected.columns);
  const read = createRowReader(detected);
  const content = readRow(source, first, read);
  const conversational = content.kind === 'chat' || content.kind === 'chat-completion';
  const template = conversational ? openChatTemplate(source, options, detected, tokenizer, chatTemplate) : undefined;
  return { format: detected.format, read, encode: createRowEncoder(tokenizer, template, options), template };
}

/** The shape of a file's rows. @throws Failure as `detectFormat`, `dataset-row-invalid` */
export function detectReading(source: RowSource, first: PlacedRow, options: FormatOptions): DetectedFormat {
  const found = source.columnNames(first.block);
  if (found.length === 0) readRow(source, first, (row) => row);
  const detected = detectFormat(source.file, found, options);
  const column = detected.columnOf['prompt'];
  if (detected.rowTemplate === undefined || column === undefined) return detected;
  // Prompts that are conversations are written by a chat template, and so this template is one.
  const isConversation = readRow(source, first, (row) => Array.isArray(row[column]));
  return isConversation ? detectFormat(source.file, found, { ...options, template: undefined }) : detected;
}

function openChatTemplate(
  source: RowSource,
  options: ReadingOptions,
  detected: DetectedFormat,
  tokenizer: Tokenizer,
  chatTemplate: string | undefined,
): ChatTemplate {
  const own = isChat(detected.format) || detected.rowTemplate === undefined ? options.template : undefined;
  const text = own ?? chatTemplate;
  if (text === undefined) throw chatTemplateMissing(source.file);
  try {
    return compileChatTemplate(text, tokenizer.specialTokens, own !== undefined);
  } catch (error) {
    throw templateInvalid(own !== undefined, error);
  }
}

/** @throws Failure `dataset-empty` */
export async function firstRow(source: RowSource): Promise<PlacedRow> {
  for (let number = 0; number < source.blockCount; number++) {
    const block = await source.openBlock(number);
    if (block.length > 0) return { position: 0, block, index: 0 };
  }
  throw datasetEmpty(source.file);
}

/** Reads all rows of a file of one block. @throws Failure `dataset-row-invalid` for the first that cannot be used */
export async function checkRows(source: RowSource, read: RowReader): Promise<void> {
  const block = await source.openBlock(0);
  for (let index = 0; index < block.length; index++) readRow(source, { block, index }, read);
}

/** Reads a row and does something with it; a problem becomes a failure with the row's place. */
export function readRow<T>(
  source: RowSource,
  { block, index }: { readonly block: RowBlock; readonly index: number },
  use: (row: RawRow) => T,
): T {
  try {
    return use(block.read(index));
  } catch (error) {
    if (error instanceof TemplateExhausted) throw error.in(block.place(index).row);
    if (!(error instanceof RowProblem)) throw error;
    const line = block.findLine(index);
    throw rowInvalid({ file: source.file, ...(line === undefined ? {} : { line }) }, error, block.place(index).row);
  }
}
