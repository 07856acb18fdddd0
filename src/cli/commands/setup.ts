import path from 'node:path';
import type { TensorflowNews, TensorflowSetUp, TensorflowVariant } from '../../run/tensorflow';
import { formatBytes } from '../../run/format';
import { releases } from '../../engine/operations/tensorflow/releases';
import { printJson, type Command, type CommandContext, type CommandInput } from '../command';
import { wrongUsage } from '../failures';
import { ProgressLine } from '../progressLine';

export const setupCommand: Command = {
  name: 'setup',
  summary: 'Set up TensorFlow as a second runtime',
  arguments: [{ name: 'tensorflow', isRequired: true }],
  options: {
    cpu: { type: 'flag', description: `For the processor (the default): ${costOf('cpu')}.` },
    gpu: {
      type: 'flag',
      description: `For an NVIDIA graphics card, with NVIDIA's libraries: about ${costOf('gpu')}; always needs a network.`,
    },
    wheel: {
      type: 'text',
      value: 'FILE',
      description: "TensorFlow's wheel on disk. With --gpu NVIDIA's libraries are fetched all the same.",
    },
    package: {
      type: 'text',
      value: 'FILE',
      description: 'The package @tensorflow/tfjs-node-gpu on disk, as `npm pack` writes it.',
    },
    headers: {
      type: 'text',
      value: 'FILE',
      description: 'The package node-api-headers on disk; needed where Node comes without node_api.h.',
    },
    remove: { type: 'flag', description: 'Remove what was set up.' },
  },
  notes: [
    'Nobody needs it: recipes train without. It is for comparing runtimes, by "runtime": "tensorflow" under "engine".',
    'Without a network, for the processor: --wheel, --package and --headers, each a file from a computer that has one.',
    'Needs python3 with pip, g++ and npm; takes about a minute after the download.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    if (input.positionals[0] !== 'tensorflow') {
      throw wrongUsage('Only TensorFlow can be set up.', 'Write `lora setup tensorflow`.');
    }
    if (input.flag('cpu') && input.flag('gpu')) {
      throw wrongUsage('TensorFlow is set up for the processor or for the graphics card.', 'Give --cpu or --gpu.');
    }
    const { removeTensorflow, setUpTensorflow } = await import('../../engine/operations/tensorflow/setUp');
    if (input.flag('remove')) {
      const removed = await removeTensorflow();
      if (context.isJson) printJson(context, { removed });
      else context.stdout.line(removed ? 'TensorFlow was removed.' : 'TensorFlow was not set up.');
      return 0;
    }
    const line = new ProgressLine(context.stderr);
    const ended = await setUpTensorflow({ ...request(input, context), onNews: tell(context, line) }).finally(() =>
      line.end(),
    );
    if (ended.outcome === 'cancelled') {
      context.stderr.line('The set-up was stopped: what was there before is as it was.');
      return 130;
    }
    if (context.isJson) printJson(context, ended.set_up);
    else for (const words of whatWasDone(ended.set_up)) context.stdout.line(words);
    return 0;
  },
};

function costOf(variant: TensorflowVariant): string {
  const { downloadBytes, diskBytes } = releases[variant];
  return `a download of ${formatBytes(downloadBytes)}, ${formatBytes(diskBytes)} on disk`;
}

function request(input: CommandInput, context: CommandContext) {
  const file = (option: string): string | null => {
    const given = input.text(option);
    return given === undefined ? null : path.resolve(context.cwd, given);
  };
  const variant = input.flag('gpu') ? ('gpu' as const) : ('cpu' as const);
  return { variant, wheel: file('wheel'), package: file('package'), headers: file('headers'), signal: context.signal };
}

/** Each step is a line; of a download a line that moves, on a terminal. */
function tell(context: CommandContext, line: ProgressLine): (news: TensorflowNews) => void {
  return (news) => {
    if (news.type === 'step') {
      line.end();
      context.stderr.line(`${news.step} …`);
    } else if (news.total_bytes !== null) {
      const words = `${formatBytes(news.done_bytes)} of ${formatBytes(news.total_bytes)}`;
      line.show(words, news.done_bytes, news.total_bytes);
    }
  };
}

function whatWasDone({ folder, tensorflow, variant, bytes, difference }: TensorflowSetUp): readonly string[] {
  return [
    `TensorFlow ${tensorflow} is set up in ${folder} (${formatBytes(bytes)}).`,
    `A small training step gave the reference's numbers to ${difference.toExponential(1)} of their size.`,
    variant === 'cpu'
      ? 'In a recipe: "engine": { "runtime": "tensorflow" }'
      : 'In a recipe: "engine": { "runtime": "tensorflow", "device": "cuda" }',
  ];
}
