import type { CudaSetUp, CudaState } from '../../run/cuda';
import { formatBytes } from '../../run/format';

/** Where the libraries come from: pip's index, ONNX Runtime's wheel and that index, or a folder of wheels. */
export type Source = { readonly from: 'network' } | { readonly from: 'wheel' | 'folder'; readonly path: string };

/** What is asked before anything is fetched: what will be done, how much it is, where it goes. */
export function agreement(
  { onnxruntime, folder, set_up, download_bytes, library_bytes, disk_bytes }: CudaState,
  source: Source,
): { readonly question: string; readonly detail: string } {
  const provider = `ONNX Runtime's provider for CUDA (the wheel of onnxruntime-gpu ${onnxruntime})`;
  const libraries = "NVIDIA's libraries of CUDA 13 and cuDNN 9";
  const fetching = {
    network: () => `Python's pip fetches ${provider} and ${libraries}: ${formatBytes(download_bytes)}.`,
    wheel: (path: string) =>
      `${provider} is taken from ${path}. Python's pip fetches ${libraries}: ${formatBytes(library_bytes)}.`,
    folder: (path: string) => `${provider} and ${libraries} are taken from ${path}.`,
  };
  return {
    question: 'Set up CUDA for the NVIDIA graphics card?',
    detail: [
      source.from === 'network' ? fetching.network() : fetching[source.from](source.path),
      'Every file must have the checksum that is known of it.',
      'A small training step is computed on the card and its numbers are compared before anything is put in place.',
      `${formatBytes(disk_bytes)} are kept in ${folder}; the same command removes them.`,
      set_up === null ? '' : 'What is set up now stays until the new one is complete.',
    ]
      .filter((line) => line !== '')
      .join('\n\n'),
  };
}

/** What was made, what was found, and how to use it. */
export function setUpText({ onnxruntime, bytes, step_ms, cpu_step_ms }: CudaSetUp): string {
  const times =
    step_ms === null || cpu_step_ms === null
      ? ''
      : `; a small training step takes ${step_ms.toFixed(1)} ms on the card, on the processor ${cpu_step_ms.toFixed(1)} ms`;
  return (
    `CUDA is set up for ONNX Runtime ${onnxruntime} (${formatBytes(bytes)})${times}. Recipes take it where it is the fastest, or by ` +
    '"device": "cuda" under "engine".'
  );
}
