import { formatBytes } from '../../run/format';
import type { SetUpNews } from '../../run/setUp';

/** A piece of news as the notification shows it. */
export function setUpNewsText(news: SetUpNews): string {
  if (news.type === 'step') return news.step;
  const { done_bytes: done, total_bytes: total } = news;
  return total === null ? `${formatBytes(done)} have arrived` : `${formatBytes(done)} of ${formatBytes(total)}`;
}

/** The download is four fifths of the bar, each further step a part of the rest. */
export class SetUpBar {
  #shown = 0;

  /** How far the bar is to move, in percent of the whole. */
  increment(news: SetUpNews): number {
    const percent =
      news.type === 'step'
        ? Math.min(98, this.#shown < 80 && this.#shown > 0 ? 80 : this.#shown + 3)
        : (80 * news.done_bytes) / Math.max(news.total_bytes ?? Infinity, 1);
    const increment = Math.max(0, percent - this.#shown);
    this.#shown += increment;
    return increment;
  }
}
