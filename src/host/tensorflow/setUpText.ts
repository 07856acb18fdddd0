import { formatBytes } from '../../run/format';
import type { TensorflowNews, TensorflowOffer, TensorflowSetUp, TensorflowState } from '../../run/tensorflow';

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

/** A piece of news as the notification shows it. */
export function setUpNewsText(news: TensorflowNews): string {
  if (news.type === 'step') return news.step;
  const { done_bytes: done, total_bytes: total } = news;
  return total === null ? `${formatBytes(done)} have arrived` : `${formatBytes(done)} of ${formatBytes(total)}`;
}

/** The download is four fifths of the bar, each further step a part of the rest. */
export class SetUpBar {
  #shown = 0;

  /** How far the bar is to move, in percent of the whole. */
  increment(news: TensorflowNews): number {
    const percent =
      news.type === 'step'
        ? Math.min(98, this.#shown < 80 && this.#shown > 0 ? 80 : this.#shown + 3)
        : (80 * news.done_bytes) / Math.max(news.total_bytes ?? Infinity, 1);
    const increment = Math.max(0, percent - this.#shown);
    this.#shown += increment;
    return increment;
  }
}

/** What was made, what was found, and how to use it. */
export function setUpText({ tensorflow, variant, bytes, difference }: TensorflowSetUp): string {
  const use = variant === 'gpu' ? '"runtime": "tensorflow", "device": "cuda"' : '"runtime": "tensorflow"';
  return (
    `TensorFlow ${tensorflow} is set up (${formatBytes(bytes)}); a small training step gave the reference's numbers to ` +
    `${difference.toExponential(1)} of their size. A recipe uses it with ${use} under "engine".`
  );
}
