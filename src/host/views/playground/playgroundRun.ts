import type { PlaygroundNews, PlaygroundPiece } from '../../../run/playground';
import type { RunKind, ShownEnd, ShownNews, ShownRun } from '../../../run/playgroundProtocol';
import { fromWire } from '../../../run/wireError';
import { textProblem } from './playgroundProblem';

/** What is written for one press of a button: it lives here, so that a hidden page misses nothing. */
export class PlaygroundRun {
  private readonly texts: { readonly pieces: PlaygroundPiece[]; end: ShownEnd | null }[];
  private readonly stopped = new AbortController();
  isOver = false;

  constructor(
    readonly kind: RunKind,
    readonly id: number,
    private readonly request: Pick<ShownRun, 'prompts' | 'isChat' | 'columns' | 'earlier'>,
  ) {
    const { prompts, columns } = request;
    this.texts = Array.from({ length: prompts.length * columns.length }, () => ({ pieces: [], end: null }));
  }

  get signal(): AbortSignal {
    return this.stopped.signal;
  }

  stop(): void {
    this.stopped.abort();
  }

  get shown(): ShownRun {
    const { kind, id, isOver, texts, request } = this;
    return { kind, id, isOver, texts: structuredClone(texts), ...request };
  }

  /** Keeps a piece of news; gives it as the page shows it. */
  take(news: PlaygroundNews): ShownNews {
    const text = this.texts[news.text];
    if ('piece' in news) {
      text?.pieces.push(news.piece);
      return news;
    }
    const { problem, ...end } = news.end;
    const shown = { ...end, problem: problem === null ? null : textProblem(fromWire(problem)) };
    if (text !== undefined) text.end = shown;
    return { text: news.text, end: shown };
  }

  /** Nothing more comes. Texts without an end failed with what ended all of them, or were stopped. */
  endAll(error: unknown): readonly ShownNews[] {
    this.isOver = true;
    const { aborted } = this.signal;
    return this.texts.flatMap((text, at) => {
      if (text.end !== null) return [];
      const problem = aborted ? null : textProblem(error);
      text.end = { reason: aborted ? 'stopped' : 'failed', tokens: 0, tokensPerSecond: null, problem };
      return [{ text: at, end: text.end }];
    });
  }
}
