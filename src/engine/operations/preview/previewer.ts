import { Failure } from '../../../failure/failure';
import type {
  PreviewPage,
  PreviewParams,
  PreviewPlace,
  PreviewRow,
  PreviewSample,
  PreviewSearch,
  Wanted,
} from '../../../run/preview';
import { failureToWire } from '../../../run/wireError';
import { countSupervised } from '../../data/example';
import type { FoundRow } from '../../data/rowBrowser';
import { seenTokens } from '../showTokens';
import { openPreview } from './openPreview';
import type { OpenPreview } from './openPreview';

/** Milliseconds for one answer: short enough that nobody waits for what they no longer want. */
const sliceTime = 150;
/** Tokens of one row that are shown: more than anyone reads. */
const shownTokens = 20_000;

/**
 * Shows a dataset as the model will see it. What it opened it keeps until the recipe, the data or the tokenizer changes;
 * each answer takes a moment only. Answers come in the order of the questions.
 */
export class Previewer {
  #open: OpenPreview | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Rows from number `from` on; fewer at the end of the file. */
  rows(params: PreviewParams & { readonly from: number; readonly count: number }): Promise<PreviewPage> {
    return this.#after(params, async (open) => {
      const isOver = timer();
      const rows: PreviewRow[] = [];
      for (let row = params.from; row < params.from + params.count; row++) {
        const sought = await open.browser.seek(row, isOver);
        if (sought.is === 'beyond') break;
        if (sought.is === 'later') return { is: 'later', about: open.about(), countedRows: open.browser.countedRows };
        rows.push(shown(sought.found, open));
      }
      return { is: 'rows', about: open.about(), rows };
    });
  }

  search(params: PreviewParams & { readonly from: number; readonly wanted: Wanted }): Promise<PreviewSearch> {
    return this.#after(params, async (open) => {
      const isOver = timer();
      let row = params.from;
      while (row === params.from || !isOver()) {
        const sought = await open.browser.seek(row, isOver);
        if (sought.is === 'later') break;
        if (sought.is === 'beyond') return { found: null, next: row, isEnd: true };
        if (fits(sought.found, params.wanted, open)) return { found: row, next: row + 1, isEnd: false };
        row++;
      }
      return { found: null, next: row, isEnd: false };
    });
  }

  sample(params: PreviewParams): Promise<PreviewSample> {
    return this.#after(params, (open) => open.sample.goOn(timer()));
  }

  place(params: PreviewParams & { readonly row: number }): Promise<PreviewPlace> {
    return this.#after(params, async ({ browser, about }) => {
      const sought = await browser.seek(params.row, () => false);
      const line = sought.is === 'found' ? sought.found.block.findLine(sought.found.index) : undefined;
      return { file: about().dataset, line: line ?? null };
    });
  }

  #after<Answer>(params: PreviewParams, answer: (open: OpenPreview) => Promise<Answer>): Promise<Answer> {
    const mine = this.#last.then(async () => answer(await this.#current(params)));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #current(params: PreviewParams): Promise<OpenPreview> {
    if (this.#open !== undefined && (await this.#open.isCurrent(params))) return this.#open;
    this.#open?.browser.close();
    this.#open = undefined;
    this.#open = await openPreview(params);
    return this.#open;
  }
}

function shown(found: FoundRow, open: OpenPreview): PreviewRow {
  const { block, index, row } = found;
  const placed = { row, line: block.place(index).line ?? null, isEvaluation: !found.isOfPart };
  try {
    const { tokenizer, maxLength } = open;
    const { ids, supervised } = open.browser.encode(found);
    const tokens = seenTokens(ids.subarray(0, shownTokens), supervised, tokenizer);
    return {
      ...placed,
      problem: null,
      tokens: tokens.map((token) => ({ ...token, special: tokenizer.specialIds.has(token.id) })),
      seen: Math.min(ids.length, maxLength),
      length: ids.length,
      supervised: countSupervised(supervised.subarray(0, maxLength)),
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...placed, problem: failureToWire(error) };
  }
}

function fits(found: FoundRow, wanted: Wanted, { browser, maxLength }: OpenPreview): boolean {
  try {
    const { ids, supervised } = browser.encode(found);
    if (wanted === 'truncated') return ids.length > maxLength;
    return countSupervised(supervised.subarray(0, maxLength)) === 0;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** Says when the time for an answer is over. */
function timer(): () => boolean {
  const end = performance.now() + sliceTime;
  return () => performance.now() > end;
}
