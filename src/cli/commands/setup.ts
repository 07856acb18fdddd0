import path from 'node:path';
import { printJson, type Command } from '../command';
import { wrongUsage } from '../failures';

export const setupCommand: Command = {
  name: 'setup',
  summary: 'Set up TensorFlow as a second runtime',
  arguments: [{ name: 'tensorflow', isRequired: true }],
  options: {
    wheel: { type: 'text', value: 'FILE', description: "TensorFlow's wheel on disk, for computers without a network." },
    package: {
      type: 'text',
      value: 'FILE',
      description: 'The package @tensorflow/tfjs-node-gpu on disk, as `npm pack` writes it.',
    },
    remove: { type: 'flag', description: 'Remove what was set up.' },
  },
  notes: [
    'Nobody needs it: recipes train without. It is for comparing runtimes, by "runtime": "tensorflow" under "engine".',
    'Needs python3, g++ and npm; takes about a minute after a download of 475 MB, and 1 GB in the cache folder.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    if (input.positionals[0] !== 'tensorflow') {
      throw wrongUsage('Only TensorFlow can be set up.', 'Write `lora setup tensorflow`.');
    }
    const { removeTensorflow, setUpTensorflow } = await import('../../engine/operations/tensorflow/setUp');
    if (input.flag('remove')) {
      const removed = await removeTensorflow();
      if (context.isJson) printJson(context, { removed });
      else context.stdout.line(removed ? 'TensorFlow was removed.' : 'TensorFlow was not set up.');
      return 0;
    }
    const file = (option: string): string | undefined => {
      const given = input.text(option);
      return given === undefined ? undefined : path.resolve(context.cwd, given);
    };
    const done = await setUpTensorflow({
      wheel: file('wheel'),
      package: file('package'),
      signal: context.signal,
      onStep: (step) => context.stderr.line(`${step} …`),
    });
    if (context.isJson) {
      printJson(context, done);
      return 0;
    }
    context.stdout.line(`TensorFlow ${done.tensorflow} is set up in ${done.folder}.`);
    context.stdout.line(
      `A small training step gave the reference's numbers to ${done.difference.toExponential(1)} of their size.`,
    );
    context.stdout.line('In a recipe: "engine": { "runtime": "tensorflow" }');
    return 0;
  },
};
