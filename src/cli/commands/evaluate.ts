import path from 'node:path';
import { trainedOnTheseRows } from '../../run/answers';
import type { Evaluation, EvaluationOptions, Interval95, LossFigures } from '../../run/answers';
import { formatCount, formatNumber, formatPercent } from '../../run/format';
import { numberOption, requiredOption } from '../arguments';
import { columnOptions, givenColumns } from '../columnOptions';
import { printJson, type Command, type CommandContext, type CommandInput } from '../command';
import { shortPath } from '../loadRecipe';
import { baseModel, modelOptions, weightedAdapters } from '../modelOptions';

export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: 'Measure a model with adapters and without on a dataset: is it better than the base model?',
  arguments: [],
  options: {
    ...modelOptions,
    dataset: { type: 'text', value: 'FILE', description: 'The rows to measure on, in any format that trains.' },
    'max-length': { type: 'text', value: 'N', description: 'Longest row in tokens, as in the recipe.' },
    score: {
      type: 'text',
      value: 'HOW',
      description: 'Let the model answer, and compare: exact, gsm8k (the final number) or regex:PATTERN.',
    },
    limit: { type: 'text', value: 'N', description: 'Rows to answer, from the first on (default 100).' },
    'max-new-tokens': { type: 'text', value: 'N', description: 'Length of an answer at most (default 256).' },
    ...columnOptions,
    'no-keep': { type: 'flag', description: "Do not keep the result as evaluation.json in the adapter's folder." },
  },
  notes: [
    'The intervals hold the true value with a probability of 95 %: other rows of the same kind would give others.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    const options = readOptions(input, context);
    const progress = new Progress(context);
    const engine = await context.engine();
    try {
      const evaluation = await engine.evaluate(options, context.signal, (words) => progress.show(words));
      progress.end();
      if (context.isJson) printJson(context, evaluation);
      else print(evaluation, context);
      return 0;
    } catch (error) {
      progress.end();
      if (context.signal.aborted) return 130;
      throw error;
    }
  },
};

function readOptions(input: CommandInput, context: CommandContext): EvaluationOptions {
  const whole = (name: string, min: number, otherwise: number): number =>
    numberOption(input, name, { min, isWhole: true }, otherwise);
  const method = input.text('score');
  return {
    baseModel: baseModel('evaluate', input, context),
    adapters: weightedAdapters(input, context),
    dataset: path.resolve(context.cwd, requiredOption('evaluate', input, 'dataset', 'FILE')),
    maxLength: input.text('max-length') === undefined ? undefined : whole('max-length', 2, 0),
    columns: givenColumns(input),
    score:
      method === undefined
        ? undefined
        : { method, limit: whole('limit', 1, 100), maxNewTokens: whole('max-new-tokens', 1, 256) },
    keep: !input.flag('no-keep'),
  };
}

/** What is being done, on a terminal alone. */
class Progress {
  #isDrawn = false;
  constructor(private readonly context: CommandContext) {}

  show(words: string): void {
    const { stderr } = this.context;
    if (!stderr.isTerminal) return;
    stderr.write(`\r${words} …\u001b[K`);
    this.#isDrawn = true;
  }
  end(): void {
    if (this.#isDrawn) this.context.stderr.write('\r\u001b[K');
    this.#isDrawn = false;
  }
}

function print(evaluation: Evaluation, { stdout, stderr, cwd }: CommandContext): void {
  const { base, score, verdict, kept, not_kept: notKept, trained_on: trainedOn, tokens } = evaluation;
  const row = (name: string, own: string, other: string | undefined): void => {
    stdout.line(`${name.padEnd(12)}${other === undefined ? own : `${own.padEnd(36)}${other}`}`);
  };
  if (base !== undefined) row('', 'with the adapter', 'base model');
  const both = (figure: (figures: LossFigures) => string) =>
    [figure(evaluation), base === undefined ? undefined : figure(base)] as const;
  row(
    'loss',
    ...both((figures) => `${formatNumber(figures.eval_loss)}${range(figures.eval_loss_interval, formatNumber)}`),
  );
  row('perplexity', ...both(({ perplexity }) => formatNumber(perplexity)));
  row(
    'accuracy',
    ...both((figures) => `${share(figures.mean_token_accuracy)}${range(figures.mean_token_accuracy_interval, share)}`),
  );
  if (score !== undefined) {
    const told = (figures: { correct: number; share: number; interval: Interval95 }): string =>
      `${figures.correct} of ${score.rows}, ${share(figures.share)}${range(figures.interval, share)}`;
    row('answers', told(score), score.base === undefined ? undefined : told(score.base));
  }
  stdout.line(`over ${formatCount(tokens)} tokens`);
  if (verdict !== undefined) stdout.line(`\n${stdout.paint('bold', verdict)}`);
  if (trainedOn === true) stdout.line(trainedOnTheseRows);
  if (kept !== undefined) stderr.line(stderr.paint('dim', `Kept in ${shortPath(kept, cwd)}`));
  if (notKept !== undefined) stderr.line(`${stderr.paint('yellow', 'Not kept:')} ${notKept}`);
}

function share(value: number): string {
  return formatPercent(100 * value);
}

function range(interval: Interval95 | null | undefined, format: (value: number) => string): string {
  return interval === undefined || interval === null ? '' : ` (${format(interval[0])} to ${format(interval[1])})`;
}
