import path from 'node:path';
import { combinationTypes } from '../../run/combine';
import type { CombinationType, CombinedAdapter, CombineRequest } from '../../run/combine';
import { formatBytes } from '../../run/format';
import { numberOption, requiredOption } from '../arguments';
import { tellMade, type Command, type CommandContext, type CommandInput } from '../command';
import { wrongUsage } from '../failures';
import { baseModel, modelOptions, weightedAdapters } from '../modelOptions';
import { ProgressLine } from '../progressLine';

export const combineCommand: Command = {
  name: 'combine',
  summary: "Make one adapter of several weighted ones, as PEFT's add_weighted_adapter",
  arguments: [{ name: 'ADAPTER', isRequired: false, isList: true }],
  options: {
    ...modelOptions,
    'combination-type': {
      type: 'text',
      value: 'T',
      description: 'svd (as without it): the closest of one rank. cat: exact, ranks add up. linear: a rough one.',
    },
    'svd-rank': {
      type: 'text',
      value: 'N',
      description: 'Rank of the result with svd; without it the largest of the adapters.',
    },
    output: { type: 'text', value: 'DIR', description: 'Folder of the adapter that is made.' },
    overwrite: { type: 'flag', description: 'Replace an older adapter in that folder.' },
  },
  notes: [
    'Weights may be negative: --adapter tone:0.7 --adapter habits:-0.3. With svd one adapter alone gets a smaller rank.',
    'To use a combination once, nothing has to be written: generate, evaluate and merge take several --adapter.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    const request = readRequest(input, context);
    const line = new ProgressLine(context.stderr);
    try {
      const engine = await context.engine();
      const ended = await engine.combine(request, (done, total) => line.show('Combining', done, total), context.signal);
      line.end();
      return tellMade(context, ended.outcome === 'cancelled' ? undefined : ended.adapter, finished);
    } finally {
      line.end();
    }
  },
};

/** @throws Failure `wrong-usage` */
function readRequest(input: CommandInput, context: CommandContext): CombineRequest {
  const adapters = weightedAdapters(input, context, input.positionals);
  if (adapters.length === 0) {
    throw wrongUsage(
      '`lora combine` needs adapters: lora combine --adapter A:0.5 --adapter B:0.5 --output DIR.',
      '`lora combine --help` explains it.',
    );
  }
  const combinationType = typeOption(input.text('combination-type'));
  return {
    adapters,
    baseModel: input.text('base-model') === undefined ? null : baseModel('combine', input, context),
    combinationType,
    svdRank: rankOption(input, combinationType),
    output: path.resolve(context.cwd, requiredOption('combine', input, 'output', 'DIR')),
    overwrite: input.flag('overwrite'),
  };
}

function typeOption(text: string | undefined): CombinationType {
  const known = combinationTypes.find((type) => type === (text ?? 'svd'));
  if (known !== undefined) return known;
  throw wrongUsage(`--combination-type must be one of ${combinationTypes.join(', ')}, but is "${text}".`);
}

function rankOption(input: CommandInput, type: CombinationType): number | null {
  if (input.text('svd-rank') === undefined) return null;
  if (type !== 'svd') throw wrongUsage(`--svd-rank belongs to --combination-type svd, not to ${type}.`);
  return numberOption(input, 'svd-rank', { min: 1, isWhole: true }, 1);
}

function finished({ output, bytes, rank, modules, notes }: CombinedAdapter): readonly string[] {
  return [`The adapter is in ${output}: rank ${rank}, ${modules} adapted layers, ${formatBytes(bytes)}.`, ...notes];
}
