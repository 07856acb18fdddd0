import { diskBytes, downloadBytes } from '../../engine/operations/cuda/releases';
import { releases } from '../../engine/operations/tensorflow/releases';
import { formatBytes } from '../../run/format';
import type { TensorflowVariant } from '../../run/tensorflow';
import type { Command } from '../command';
import { wrongUsage } from '../failures';
import { setUpCuda } from './setup/cuda';
import { setUpTensorflow } from './setup/tensorflow';

export const setupCommand: Command = {
  name: 'setup',
  summary: 'Set up CUDA for NVIDIA cards, or TensorFlow as a second runtime',
  arguments: [{ name: 'cuda|tensorflow', isRequired: true }],
  options: {
    wheel: {
      type: 'text',
      value: 'FILE',
      description:
        "TensorFlow's or ONNX Runtime's wheel on disk; NVIDIA's libraries are fetched all the same. For CUDA also a folder " +
        'with all wheels.',
    },
    remove: { type: 'flag', description: 'Remove what was set up.' },
    cpu: { type: 'flag', description: `TensorFlow for the processor (the default): ${costOf('cpu')}.` },
    gpu: {
      type: 'flag',
      description: `TensorFlow for an NVIDIA graphics card, with NVIDIA's libraries: about ${costOf('gpu')}; always needs a network.`,
    },
    package: {
      type: 'text',
      value: 'FILE',
      description: 'For TensorFlow: the package @tensorflow/tfjs-node-gpu on disk, as `npm pack` writes it.',
    },
    headers: {
      type: 'text',
      value: 'FILE',
      description: 'For TensorFlow: the package node-api-headers on disk; needed where Node comes without node_api.h.',
    },
  },
  notes: [
    `cuda: NVIDIA's libraries and ONNX Runtime's part for them, for "device": "cuda" under "engine". A download of ` +
      `${formatBytes(downloadBytes)}, ${formatBytes(diskBytes)} on disk. Needs python3 with pip, and a driver of version 580 or later.`,
    'tensorflow: nobody needs it: recipes train without. It is for comparing runtimes, by "runtime": "tensorflow" under "engine".',
    'Without a network, TensorFlow for the processor: --wheel, --package and --headers, each a file from a computer that has one.',
    'TensorFlow needs python3 with pip, g++ and npm; it takes about a minute after the download.',
  ],
  stopsWhenAsked: true,
  async run(input, context) {
    const [what] = input.positionals;
    if (what === 'cuda') return setUpCuda(input, context);
    if (what === 'tensorflow') return setUpTensorflow(input, context);
    throw wrongUsage(
      'CUDA and TensorFlow can be set up, nothing else.',
      'Write `lora setup cuda` or `lora setup tensorflow`.',
    );
  },
};

function costOf(variant: TensorflowVariant): string {
  const { downloadBytes: download, diskBytes: disk } = releases[variant];
  return `a download of ${formatBytes(download)}, ${formatBytes(disk)} on disk`;
}
