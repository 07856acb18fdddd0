import type { TensorflowVariant } from '../../../run/tensorflow';
import type { Subject } from '../setUp/failures';

/** The release whose libraries and headers are used. */
export const tensorflowVersion = '2.15.1';

export interface Release {
  /** The package whose wheel holds the libraries. */
  readonly package: string;
  /** NVIDIA's libraries that this release was built for, as its own package names them. */
  readonly libraries: readonly string[];
  readonly downloadBytes: number;
  /** What of that are NVIDIA's libraries, which no wheel of TensorFlow's holds. */
  readonly libraryBytes: number;
  /** What is kept. */
  readonly diskBytes: number;
  /** What is there at the same time while it is set up. */
  readonly neededBytes: number;
}

/** The wheel for the processor is half as large, as it holds no code for graphics cards. */
export const releases: Readonly<Record<TensorflowVariant, Release>> = {
  cpu: {
    package: 'tensorflow_cpu',
    libraries: [],
    downloadBytes: 207_208_420,
    libraryBytes: 0,
    diskBytes: 614_000_000,
    neededBytes: 950_000_000,
  },
  gpu: {
    package: 'tensorflow',
    libraries: [
      'nvidia-cublas-cu12==12.2.5.6',
      'nvidia-cuda-cupti-cu12==12.2.142',
      'nvidia-cuda-nvrtc-cu12==12.2.140',
      'nvidia-cuda-runtime-cu12==12.2.140',
      'nvidia-cudnn-cu12==8.9.4.25',
      'nvidia-cufft-cu12==11.0.8.103',
      'nvidia-cusolver-cu12==11.5.2.141',
      'nvidia-cusparse-cu12==12.1.2.141',
      'nvidia-nvjitlink-cu12==12.2.140',
    ],
    // About: nobody has added them up to the byte.
    downloadBytes: 2_100_000_000,
    libraryBytes: 1_600_000_000,
    diskBytes: 3_800_000_000,
    neededBytes: 6_000_000_000,
  },
};

/** Any Python's wheel holds the same libraries; this one fits the newest Python that the release was made for. */
export const pipTarget = [
  '--only-binary=:all:',
  ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'],
  ...['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64', '--platform', 'manylinux1_x86_64'],
];

/** How a person gets the wheel for a computer without a network. */
export function howToFetch(variant: TensorflowVariant): string {
  const target = pipTarget.join(' ');
  return `\`pip download ${releases[variant].package}==${tensorflowVersion} --no-deps ${target}\` fetches the right one.`;
}

/** For the processor a wheel on disk is the whole download; a card takes NVIDIA's libraries as well. */
const fromWheel = 'take the wheel from disk (--wheel FILE; in VS Code "From a wheel on disk")';
const cardNeedsNetwork =
  "for a graphics card NVIDIA's libraries are always fetched, with --wheel as well. Without a network TensorFlow can be set up " +
  'for the processor (--cpu)';

/** TensorFlow in the failures that all set-ups share. */
export function subjectOf(variant: TensorflowVariant): Subject {
  const named = { code: 'tensorflow', name: 'TensorFlow' };
  return variant === 'gpu'
    ? { ...named, instead: `: ${cardNeedsNetwork}`, withoutNetwork: cardNeedsNetwork }
    : { ...named, instead: `, or ${fromWheel}`, withoutNetwork: `without a network ${fromWheel}` };
}
