import type { DownloadNews, ListedModel, ModelFound } from '../../run/download';
import { formatBytes, formatDuration } from '../../run/format';

const fits = { fits: 'should fit', tight: 'tight', 'too large': 'too large' } as const;

/** Whether what was typed into a list of models is meant as a model itself: an id with an owner, or a page's address. */
export function isTypedId(text: string): boolean {
  return /^(https?:\/\/[^/\s]+\/\S+|[\w.-]+\/[\w.-]+)$/.test(text);
}

/** `about 271 MB · Apache-2.0 · should fit (at most 4.18 GB)`: the last is what training takes. */
export function listedFacts(model: ListedModel): string {
  const size = model.folder === null ? `about ${formatBytes(model.download_bytes)}` : 'here already';
  return `${size} · ${model.license} · ${fits[model.fit]} (at most ${formatBytes(model.training_bytes)})`;
}

/** What training takes beside what is there. */
export function memoryText({
  training_bytes,
  machine_bytes,
}: Pick<ModelFound, 'training_bytes' | 'machine_bytes'>): string {
  return `training takes at most ${formatBytes(training_bytes)} of the ${formatBytes(machine_bytes)} of memory here`;
}

/** A piece of news as the notification shows it. */
export function newsText(news: DownloadNews): string {
  switch (news.type) {
    case 'model':
      return `${formatBytes(news.total_bytes)}; ${memoryText(news)}`;
    case 'progress': {
      const { done_bytes: done, total_bytes: total, bytes_per_second: rate, eta_seconds: rest } = news;
      const speed = rate === 0 ? '' : ` · ${formatBytes(rate)}/s`;
      const left = rest === null || done === total ? '' : ` · ${formatDuration(rest)} left`;
      return `${formatBytes(done)} of ${formatBytes(total)}${speed}${left}`;
    }
    case 'waiting':
      return `process ${news.pid} fetches this model too; waiting for it`;
    case 'retrying':
      return `${news.reason}; trying again in ${formatDuration(news.seconds)}`;
  }
}

/** How far the bar of the notification is to move, in percent of the whole. */
export class ProgressBar {
  #shown = 0;

  increment(news: DownloadNews): number {
    const done = news.type === 'progress' ? news.done_bytes : news.type === 'model' ? news.present_bytes : undefined;
    if (done === undefined || !('total_bytes' in news)) return 0;
    const percent = (100 * done) / news.total_bytes;
    const increment = Math.max(0, percent - this.#shown);
    this.#shown += increment;
    return increment;
  }
}
