import path from 'node:path';
import { formatCount, formatNumber, formatPercent } from '../../run/format';
import { numberOption, requiredOption } from '../arguments';
import { printJson, type Command } from '../command';
import { baseModel, modelOptions, weightedAdapters } from '../modelOptions';

export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: 'Measure loss, perplexity and accuracy of a model, with or without adapters, on a dataset',
  arguments: [],
  options: {
    ...modelOptions,
    dataset: { type: 'text', value: 'FILE', description: 'The rows to measure on, in any format that trains.' },
    'max-length': { type: 'text', value: 'N', description: 'Longest row in tokens, as in the recipe.' },
  },
  stopsWhenAsked: false,
  async run(input, context) {
    const options = {
      baseModel: baseModel('evaluate', input, context),
      adapters: weightedAdapters(input, context),
      dataset: path.resolve(context.cwd, requiredOption('evaluate', input, 'dataset', 'FILE')),
      maxLength:
        input.text('max-length') === undefined
          ? undefined
          : numberOption(input, 'max-length', { min: 2, isWhole: true }, 0),
    };
    const evaluation = await (await context.engine()).evaluate(options, context.signal);
    if (context.isJson) {
      printJson(context, evaluation);
      return 0;
    }
    const { eval_loss, perplexity, mean_token_accuracy, tokens } = evaluation;
    context.stdout.line(`loss        ${formatNumber(eval_loss)}`);
    context.stdout.line(`perplexity  ${formatNumber(perplexity)}`);
    context.stdout.line(`accuracy    ${formatPercent(100 * mean_token_accuracy)}`);
    context.stdout.line(`over ${formatCount(tokens)} tokens`);
    return 0;
  },
};
