import path from 'node:path';
import { Failure } from '../../failure/failure';
import { formatCount } from '../../run/format';
import type { ColumnDescription, DatasetDescription } from '../../run/proposal';
import { RowProblem, rowInvalid } from '../data/failures';
import { createRowReader } from '../data/rowContent';
import { detectFormat } from '../data/rowFormat';
import type { DetectedFormat, RowFormat } from '../data/rowFormat';
import { openSource } from '../data/sources/openSource';
import { defaultLimits } from '../data/sources/rowSource';
import type { RawRow, RowBlock, RowSource } from '../data/sources/rowSource';

/** Larger files are described from a few blocks: nobody waits for a list. */
const limits = { ...defaultLimits, indexBytes: 4 * 2 ** 20 };

/** What the files hold, in their order; stops where `signal` is aborted. Never throws for what is wrong in them. */
export async function describeDatasets(files: readonly string[], signal?: AbortSignal): Promise<DatasetDescription[]> {
  const described: DatasetDescription[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    described.push(await describeDataset(file));
  }
  return described;
}

/**
 * What a file holds, from its beginning alone. Never throws for what is wrong in it.
 * @param mapped role → column, as `dataset.columns` has it
 */
export async function describeDataset(
  file: string,
  mapped: Readonly<Record<string, string>> = {},
): Promise<DatasetDescription> {
  try {
    const source = await openSource(file, limits);
    try {
      return await describeSource(source, mapped);
    } finally {
      source.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Every project has files in JSON that nobody meant as data.
    const isOther = isJson(file) && (error.code === 'dataset-not-rows' || error.code === 'dataset-format-unknown');
    const isDataset = !isOther;
    return { file, state: 'unusable', words: error.message, hint: error.hint ?? null, isDataset };
  }
}

function isJson(file: string): boolean {
  return path.extname(file).toLowerCase() === '.json';
}

async function describeSource(
  source: RowSource,
  mapped: Readonly<Record<string, string>>,
): Promise<DatasetDescription> {
  const { file } = source;
  const block = await firstBlock(source);
  const columns = block === undefined ? [] : source.columnNames(block);
  const row = block === undefined ? {} : readFirst(source, block, (raw) => raw);
  const count = await countRows(source);
  const words = (noun: string): string => `${count.text} ${noun}${count.isOne ? '' : 's'}`;
  let detected: DetectedFormat;
  try {
    detected = detectFormat(file, columns, { format: 'auto', columns: mapped });
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'dataset-format-unknown' || columns.length === 0) throw error;
    const described = columns.map((name): ColumnDescription => ({ name, example: exampleOf(row[name]) }));
    const isOneObject = isJson(file) && source.rowCount === 1;
    if (isOneObject || described.every(({ example }) => example === null)) throw error;
    return {
      file,
      state: 'columns-unknown',
      words: `${words('row')} of ${list(columns)}`,
      columns: described,
      guess: guessRoles(described),
    };
  }
  if (block !== undefined) readFirst(source, block, createRowReader(detected));
  if (/\.(txt|md)$/i.test(file)) return { file, state: 'ready', words: `${words('line')} of text` };
  const kind = kinds[detected.format];
  const read = Object.values(detected.columnOf);
  // As the file has them.
  const used = columns.filter((name) => read.includes(name));
  const others = columns.filter((name) => !used.includes(name));
  const unread = detected.format === 'text' && others.length > 0 ? `; ${list(others)} is not read` : '';
  return { file, state: 'ready', words: `${words('row')} of ${list(used)}${kind === '' ? '' : ` (${kind})`}${unread}` };
}

const kinds: Readonly<Record<RowFormat, string>> = {
  'prompt-completion': 'questions and answers',
  messages: 'chats',
  sharegpt: 'ShareGPT chats',
  alpaca: 'Alpaca',
  text: '',
};

async function firstBlock(source: RowSource): Promise<RowBlock | undefined> {
  for (let number = 0; number < source.blockCount; number++) {
    const block = await source.openBlock(number);
    if (block.length > 0) return block;
  }
  return undefined;
}

function readFirst<T>(source: RowSource, block: RowBlock, use: (row: RawRow) => T): T {
  try {
    return use(block.read(0));
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error;
    const line = block.findLine(0);
    throw rowInvalid({ file: source.file, ...(line === undefined ? {} : { line }) }, error, 0);
  }
}

async function countRows(source: RowSource): Promise<{ readonly text: string; readonly isOne: boolean }> {
  const { rowCount } = source;
  if (rowCount !== undefined) return { text: formatCount(rowCount), isOne: rowCount === 1 };
  const estimate = await source.estimateRowCount();
  return { text: `about ${formatCount(Number(estimate.toPrecision(2)))}`, isOne: false };
}

/** More columns than these say nothing more. */
const shownColumns = 6;

function list(columns: readonly string[]): string {
  const shown = columns.slice(0, shownColumns).join(', ');
  return columns.length > shownColumns ? `${shown} and ${columns.length - shownColumns} more` : shown;
}

const exampleLength = 80;

function exampleOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const line = value.replace(/\s+/g, ' ').trim();
  return line.length <= exampleLength ? line : `${line.slice(0, exampleLength - 1)}…`;
}

/** Names that questions and answers often have, the more certain ones first. */
const questions = [
  'question',
  'query',
  'instruction',
  'prompt',
  'input',
  'source',
  'problem',
  'context',
  'user',
  'text',
];
const answers = [
  'answer',
  'response',
  'completion',
  'output',
  'target',
  'solution',
  'reply',
  'assistant',
  'summary',
  'label',
  'category',
];

/** The columns whose names say what they are; of two columns of text the first is taken for the question. */
function guessRoles(columns: readonly ColumnDescription[]): Readonly<Record<string, string>> {
  const texts = columns.filter(({ example }) => example !== null).map(({ name }) => name);
  const named = (names: readonly string[]): string | undefined =>
    names.map((name) => texts.find((text) => text.toLowerCase() === name)).find((found) => found !== undefined);
  if (texts.length === 1) return { text: texts[0]! };
  const prompt = named(questions);
  const completion = named(answers);
  if (prompt !== undefined && completion !== undefined) return { prompt, completion };
  return texts.length === 2 ? { prompt: texts[0]!, completion: texts[1]! } : {};
}
