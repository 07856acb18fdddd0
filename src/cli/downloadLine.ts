import type { DownloadNews, ModelFound } from '../run/download';
import { formatBytes, formatCount, formatDuration } from '../run/format';
import type { Terminal } from './terminal';

export interface DownloadLineOptions {
  readonly id: string;
  /** Where lasting lines go. */
  readonly words: Terminal;
  /** Where the live line goes, if it is a terminal. */
  readonly live: Terminal;
}

/** Shows a download to a person: one live line on a terminal, a line for each tenth otherwise. */
export class DownloadLine {
  #isDrawn = false;
  #tenths = 0;

  constructor(private readonly options: DownloadLineOptions) {}

  show(news: DownloadNews): void {
    if (news.type === 'progress') {
      this.#progress(news);
      return;
    }
    if (news.type === 'model') this.#tenths = Math.floor((10 * news.present_bytes) / news.total_bytes);
    this.#lasting(lastingLines(this.options.id, news));
  }

  /** Leaves the cursor on a fresh line. */
  end(): void {
    if (this.#isDrawn) this.options.live.write('\r\u001b[K');
    this.#isDrawn = false;
  }

  #progress(news: Extract<DownloadNews, { type: 'progress' }>): void {
    const { live, words } = this.options;
    if (live.isTerminal) {
      live.write(`\r${progressText(news).slice(0, live.columns - 1)}\u001b[K`);
      this.#isDrawn = true;
      return;
    }
    const tenths = Math.floor((10 * news.done_bytes) / news.total_bytes);
    if (tenths > this.#tenths) words.line(progressText(news));
    this.#tenths = Math.max(tenths, this.#tenths);
  }

  #lasting(lines: readonly string[]): void {
    this.end();
    for (const line of lines) this.options.words.line(line);
  }
}

function progressText(news: Extract<DownloadNews, { type: 'progress' }>): string {
  const { done_bytes: done, total_bytes: total, bytes_per_second: rate, eta_seconds: rest, file } = news;
  const percent = `${Math.floor((100 * done) / total)} %`.padStart(5);
  const speed = rate === 0 ? '' : ` · ${formatBytes(rate)}/s`;
  const left = rest === null || done === total ? '' : ` · ${formatDuration(rest)} left`;
  return `${percent}  ${formatBytes(done)} of ${formatBytes(total)}${speed}${left} · ${file}`;
}

function lastingLines(id: string, news: Exclude<DownloadNews, { type: 'progress' }>): readonly string[] {
  if (news.type === 'model') return modelLines(id, news);
  if (news.type === 'waiting') return [`Process ${news.pid} is fetching this model too: waiting for it.`];
  return [`The hub: ${news.reason}. Trying again in ${formatDuration(news.seconds)}.`];
}

function modelLines(id: string, model: ModelFound): readonly string[] {
  const { total_bytes: total, present_bytes: present, training_bytes: training, machine_bytes: machine } = model;
  const part = present === total ? 'all' : formatBytes(present);
  const here = present === 0 ? '' : `, ${part} of them here already`;
  const fit = {
    fits: 'should fit',
    tight: 'is tight',
    'too large': 'is too large: choose a smaller model, or smaller batches',
  }[model.fit];
  return [
    `${id}: ${model.family}, ${formatCount(model.parameters)} parameters, ${formatBytes(total)}${here}.`,
    `Training it takes at most ${formatBytes(training)} of memory; of the ${formatBytes(machine)} here that ${fit}.`,
  ];
}
