import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { ColumnDescription, DatasetDescription } from '../run/proposal';
import type { CommandContext } from './command';
import { wrongUsage } from './failures';
import { printable } from './terminal';

/** What a recipe is made of; paths as they were typed. */
export interface Ingredients {
  readonly baseModel: string;
  readonly dataset: string;
  /** Role → column of the dataset. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Asks one question; gives an answer that is not empty. */
export type Ask = (question: string) => Promise<string>;

/** An entry of a list to choose from by number. */
export interface Entry {
  readonly value: string;
  readonly words: string;
  /** Whether it can be chosen; `words` say why not. */
  readonly isUsable: boolean;
}

/**
 * What the options do not say, asked on a terminal with what was found in the folder; undefined when the user left with
 * Ctrl-C or Ctrl-D.
 * @throws Failure `wrong-usage` where nobody can be asked
 */
export async function askForIngredients(
  given: Partial<Ingredients>,
  context: CommandContext,
): Promise<Ingredients | undefined> {
  const { baseModel, dataset } = given;
  if (baseModel !== undefined && dataset !== undefined && (given.columns !== undefined || !context.isInteractive)) {
    return { baseModel, dataset, columns: given.columns ?? {} };
  }
  if (!context.isInteractive) {
    throw wrongUsage('Without a terminal to ask on, `lora init` needs --base-model M and --dataset FILE.');
  }
  return onTerminal(async (ask) => askAll(given, ask, context));
}

/** @returns what `work` gives; undefined when the user left */
async function onTerminal<Result>(work: (ask: Ask) => Promise<Result>): Promise<Result | undefined> {
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  const left = new AbortController();
  asker.once('close', () => left.abort());
  const ask: Ask = async (question) => {
    const answer = (await asker.question(`${question}: `, { signal: left.signal })).trim();
    return answer === '' ? ask(question) : answer;
  };
  try {
    return await work(ask);
  } catch (error) {
    if (left.signal.aborted) return undefined;
    throw error;
  } finally {
    asker.close();
  }
}

async function askAll(given: Partial<Ingredients>, ask: Ask, context: CommandContext): Promise<Ingredients> {
  const engine = await context.engine();
  const found =
    given.baseModel === undefined || given.dataset === undefined
      ? await engine.findIngredients(context.cwd, context.signal)
      : { models: [], datasets: [] };
  const shown = (file: string): string => path.relative(context.cwd, file).replaceAll(path.sep, '/');
  const models = found.models.map(({ reference, isCached, words, isUsable }) => ({
    value: isCached ? reference : `./${shown(reference)}`,
    words,
    isUsable,
  }));
  const datasets = found.datasets
    .filter((dataset) => dataset.state !== 'unusable' || dataset.isDataset)
    .map((dataset) => ({
      value: shown(dataset.file),
      words: dataset.words,
      isUsable: dataset.state !== 'unusable',
    }));
  const write = (line: string): void => context.stderr.line(line);
  const baseModel =
    given.baseModel ??
    (await choose(models, 'Which model should be fine-tuned? (a number, a model folder or a hub id)', ask, write));
  const dataset =
    given.dataset ??
    (await choose(
      datasets,
      'Which file holds the examples to learn from? (a number, or a file such as data/train.jsonl)',
      ask,
      write,
    ));
  if (given.columns !== undefined) return { baseModel, dataset, columns: given.columns };
  const [description] = await engine.describeDatasets([path.resolve(context.cwd, dataset)], context.signal);
  return { baseModel, dataset, columns: await askForColumns(description!, ask, write) };
}

/** Lists what was found and asks for one of it by number, or for something else. */
export async function choose(
  entries: readonly Entry[],
  question: string,
  ask: Ask,
  write: (line: string) => void,
): Promise<string> {
  const usable = entries.filter(({ isUsable }) => isUsable);
  const width = Math.max(0, ...entries.map(({ value }) => value.length));
  const row = (number: string, { value, words }: Entry): string =>
    `  ${number.padStart(2)}  ${printable(value.padEnd(width))}  ${printable(words)}`;
  for (const [at, entry] of usable.entries()) write(row(String(at + 1), entry));
  for (const entry of entries.filter(({ isUsable }) => !isUsable)) write(row('–', entry));
  for (;;) {
    const answer = await ask(question);
    if (!/^\d+$/.test(answer)) return answer;
    const chosen = usable[Number(answer) - 1];
    if (chosen !== undefined) return chosen.value;
    write(usable.length === 0 ? 'There is nothing in the list.' : `The list goes from 1 to ${usable.length}.`);
  }
}

/** Nothing is asked of a file that cannot be read: why not is said where values are proposed. */
async function askForColumns(
  dataset: DatasetDescription,
  ask: Ask,
  write: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  if (dataset.state !== 'columns-unknown') return {};
  const texts = dataset.columns.filter(({ example }) => example !== null);
  write(`${dataset.words}: which is which?`);
  const entries = (columns: readonly ColumnDescription[]): Entry[] =>
    columns.map(({ name, example }) => ({ value: name, words: example ?? '', isUsable: true }));
  const known = (typed: string): boolean => texts.some(({ name }) => name === typed);
  const askFor = async (question: string, columns: readonly ColumnDescription[]): Promise<string> => {
    const answer = await choose(entries(columns), question, ask, write);
    if (known(answer)) return answer;
    write(`There is no column "${printable(answer)}".`);
    return askFor(question, columns);
  };
  if (texts.length === 1) return { text: texts[0]!.name };
  const prompt = await askFor('Which column is the question?', texts);
  const completion = await askFor(
    'Which column is the answer to learn? (the same one: all of the text is learnt)',
    texts,
  );
  return prompt === completion ? { text: prompt } : { prompt, completion };
}
