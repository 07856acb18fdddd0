import { formatBytes, formatPercent } from '../../run/format';
import type { MergedModel, MergeNews } from '../../run/merge';

/** A piece of news as the notification shows it. */
export function mergeNewsText({ stage, done, total }: MergeNews): string {
  if (stage === 'proving') return 'comparing it with base and adapter';
  return `${formatBytes(done)} of ${formatBytes(total)} written`;
}

/** Writing is nine tenths of the bar, comparing the rest. */
export class MergeBar {
  #shown = 0;

  /** How far the bar is to move, in percent of the whole. */
  increment({ stage, done, total }: MergeNews): number {
    const share = total === 0 ? 1 : done / total;
    const percent = stage === 'writing' ? 90 * share : 90 + 10 * share;
    const increment = Math.max(0, percent - this.#shown);
    this.#shown += increment;
    return increment;
  }
}

/** What was made, how large it is and what the proof found; `place` is the folder as people know it. */
export function mergedText(name: string, place: string, { bytes, proof, notes }: MergedModel): string {
  return [
    `${name} is merged: a model of ${formatBytes(bytes)} in ${place}.`,
    `Read again, its scores differ from base and adapter by ${formatPercent(100 * proof.relative_difference)}.`,
    ...notes,
  ].join(' ');
}
