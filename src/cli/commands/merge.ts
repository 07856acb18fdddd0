import path from 'node:path';
import { formatBytes, formatPercent } from '../../run/format';
import { mergeDtypes } from '../../run/merge';
import type { MergeDtype, MergedModel, MergeRequest } from '../../run/merge';
import { requiredOption } from '../arguments';
import { tellMade, type Command, type CommandContext, type CommandInput } from '../command';
import { wrongUsage } from '../failures';
import { baseModel, modelOptions, weightedAdapters } from '../modelOptions';
import { ProgressLine } from '../progressLine';

export const mergeCommand: Command = {
  name: 'merge',
  summary: 'Write base model and adapter as one model, for programs that know no adapters',
  arguments: [{ name: 'ADAPTER', isRequired: false, isList: true }],
  options: {
    ...modelOptions,
    output: { type: 'text', value: 'DIR', description: 'Folder of the merged model.' },
    dtype: {
      type: 'text',
      value: 'D',
      description: `Store weights in ${mergeDtypes.join(', ')}; without it as the base model does.`,
    },
    overwrite: { type: 'flag', description: 'Replace an older model in that folder.' },
  },
  notes: [
    'Several adapters are added up. Without --base-model it is the one that the adapter names.',
    'The base model and the adapters stay as they are. The result is compared with them before it gets its name.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    const request = readRequest(input, context);
    const line = new ProgressLine(context.stderr);
    try {
      const engine = await context.engine();
      const ended = await engine.merge(
        request,
        ({ stage, done, total }) => line.show(stage === 'writing' ? 'Writing' : 'Comparing', done, total),
        context.signal,
      );
      line.end();
      return tellMade(context, ended.outcome === 'cancelled' ? undefined : ended.model, finished);
    } finally {
      line.end();
    }
  },
};

/** @throws Failure `wrong-usage` */
function readRequest(input: CommandInput, context: CommandContext): MergeRequest {
  const adapters = weightedAdapters(input, context, input.positionals);
  if (adapters.length === 0) {
    throw wrongUsage('`lora merge` needs an adapter: lora merge DIR --output DIR.', '`lora merge --help` explains it.');
  }
  return {
    baseModel: input.text('base-model') === undefined ? null : baseModel('merge', input, context),
    adapters,
    output: path.resolve(context.cwd, requiredOption('merge', input, 'output', 'DIR')),
    dtype: dtypeOption(input.text('dtype')),
    overwrite: input.flag('overwrite'),
  };
}

function dtypeOption(text: string | undefined): MergeDtype | null {
  if (text === undefined) return null;
  const known = mergeDtypes.find((dtype) => dtype === text);
  if (known === undefined) throw wrongUsage(`--dtype must be one of ${mergeDtypes.join(', ')}, but is "${text}".`);
  return known;
}

function finished({ output, bytes, shards, changed, proof, notes }: MergedModel): readonly string[] {
  const files = shards === 1 ? '' : ` in ${shards} files of weights`;
  const same = proof.same_top_token === 1 ? 'the likeliest token is always the same' : sameTop(proof.same_top_token);
  return [
    `The merged model is in ${output}: ${formatBytes(bytes)}${files}, ${changed} weights changed.`,
    `Proof: read again, its scores differ from base and adapter by ${formatPercent(100 * proof.relative_difference)} ` +
      `(at most ${proof.max_difference.toPrecision(2)}) at ${proof.positions} tokens; ${same}.`,
    ...notes,
  ];
}

function sameTop(share: number): string {
  return `the likeliest token is the same at ${formatPercent(100 * share)} of them`;
}
