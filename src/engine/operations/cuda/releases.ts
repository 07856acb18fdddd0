import type { Subject } from '../setUp/failures';

/** A wheel as pip is asked for it, and what of it is kept. */
export interface CudaWheel {
  readonly name: string;
  readonly version: string;
  /** Of the wheel that `pipTarget` chooses. */
  readonly sha256: string;
  /** Names of files in it, wherever they lie there. */
  readonly files: readonly string[];
}

/**
 * ONNX Runtime's wheel holds the provider that belongs to the same release of onnxruntime-node, whose own library it is put
 * beside. It was built for CUDA 13.0.
 */
export const onnxWheel: CudaWheel = {
  name: 'onnxruntime-gpu',
  version: '1.30.0',
  sha256: '4fbf0c5d7b5fb99266c2e8a802e3e64af68bdc383e0f3c7349b985f1087eedaa',
  files: ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'],
};

/** NVIDIA's libraries of CUDA 13.0, so that a driver for it runs them, and a cuDNN for it. */
export const nvidiaWheels: readonly CudaWheel[] = [
  {
    name: 'nvidia-cuda-runtime',
    version: '13.0.96',
    sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    files: ['libcudart.so.13'],
  },
  {
    name: 'nvidia-cublas',
    version: '13.1.0.3',
    sha256: 'ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171',
    files: ['libcublas.so.13', 'libcublasLt.so.13'],
  },
  {
    name: 'nvidia-curand',
    version: '10.4.0.35',
    sha256: '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
    files: ['libcurand.so.10'],
  },
  {
    name: 'nvidia-cuda-nvrtc',
    version: '13.0.88',
    sha256: 'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575',
    files: ['libnvrtc.so.13', 'libnvrtc-builtins.so.13.0'],
  },
  {
    name: 'nvidia-cudnn-cu13',
    version: '9.20.0.48',
    sha256: '0c45dd8eeb50b603f07995b1b300c62ffe6a1980482b82b3bcf94a4ca9d49304',
    files: [
      'libcudnn.so.9',
      'libcudnn_adv.so.9',
      'libcudnn_cnn.so.9',
      'libcudnn_engines_precompiled.so.9',
      'libcudnn_engines_runtime_compiled.so.9',
      'libcudnn_graph.so.9',
      'libcudnn_heuristic.so.9',
      'libcudnn_ops.so.9',
    ],
  },
];

/** Of NVIDIA's wheels, and of ONNX Runtime's beside them. */
export const libraryBytes = 941_309_914;
export const downloadBytes = 246_658_419 + libraryBytes;
/** What is kept. */
export const diskBytes = 1_655_000_000;
/** What is there at the same time while it is set up. */
export const neededBytes = 2_700_000_000;

/** Any Python's wheel holds the same libraries; these are pip's words for the one whose checksum is known. */
export const pipTarget = [
  '--only-binary=:all:',
  ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'],
  ...['manylinux_2_28_x86_64', 'manylinux_2_27_x86_64', 'manylinux2014_x86_64', 'manylinux2010_x86_64'].flatMap(
    (tag) => ['--platform', tag],
  ),
];

export function requirementOf({ name, version }: CudaWheel): string {
  return `${name}==${version}`;
}

/** How a person gets the wheels for a computer without a network. */
export function howToFetch(wheels: readonly CudaWheel[]): string {
  return `\`pip download --no-deps ${pipTarget.join(' ')} ${wheels.map(requirementOf).join(' ')}\` fetches what is needed.`;
}

const fromFolder = 'take the wheels from a folder on disk (--wheel FOLDER; in VS Code "From wheels on disk")';

/** CUDA in the failures that all set-ups share. */
export const subject: Subject = {
  code: 'cuda',
  name: 'CUDA',
  instead: `, or ${fromFolder}`,
  withoutNetwork: `without a network ${fromFolder}`,
};
