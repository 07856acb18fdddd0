import { formatBytes } from '../../run/format';
import type { TensorflowOffer, TensorflowSetUp, TensorflowState } from '../../run/tensorflow';

/** What is asked before anything is fetched: what will be done, how much it is, where it goes. */
export function agreement(
  { version, folder, set_up }: TensorflowState,
  { variant, download_bytes, library_bytes, disk_bytes }: TensorflowOffer,
  wheel: string | null,
): { readonly question: string; readonly detail: string } {
  const where = variant === 'gpu' ? 'an NVIDIA graphics card' : 'the processor';
  const about = variant === 'gpu' ? 'about ' : '';
  const source =
    wheel === null
      ? `Python's pip fetches TensorFlow ${version}${variant === 'gpu' ? " and NVIDIA's libraries" : ''}: ${about}${formatBytes(download_bytes)}.`
      : `TensorFlow ${version} is taken from ${wheel}.${library_bytes === 0 ? '' : ` Python's pip fetches NVIDIA's libraries: about ${formatBytes(library_bytes)}.`}`;
  return {
    question: `Set up TensorFlow for ${where}?`,
    detail: [
      source,
      'npm fetches the sources of the binding @tensorflow/tfjs-node-gpu (1 MB), which are compiled with g++.',
      'A small training step is computed and its numbers are compared before anything is put in place.',
      `${about === '' ? '' : 'About '}${formatBytes(disk_bytes)} are kept in ${folder}; the same command removes them.`,
      set_up === null ? '' : 'What is set up now stays until the new one is complete.',
    ]
      .filter((line) => line !== '')
      .join('\n\n'),
  };
}

/** What was made, what was found, and how to use it. */
export function setUpText({ tensorflow, variant, bytes, difference }: TensorflowSetUp): string {
  const use = variant === 'gpu' ? '"runtime": "tensorflow", "device": "cuda"' : '"runtime": "tensorflow"';
  return (
    `TensorFlow ${tensorflow} is set up (${formatBytes(bytes)}); a small training step gave the reference's numbers to ` +
    `${difference.toExponential(1)} of their size. A recipe uses it with ${use} under "engine".`
  );
}
