import { Failure } from '../../../failure/failure';
import { formatCount } from '../../../run/format';
import type { PreviewAbout, PreviewParams, Wanted } from '../../../run/preview';
import { pageStart, rowsPerPage } from '../../../run/previewProtocol';
import type { FromPreview, ShownProblem, ToPreview } from '../../../run/previewProtocol';
import { fromWire } from '../../../run/wireError';
import { placeLabel, placeOf, shownProblem } from './previewProblem';
import type { FilePlace } from './previewProblem';
import type { PreviewSource } from './previewSource';

/** What a preview needs of VS Code. */
export interface PreviewHost {
  /** How people know the recipe: its path in the workspace. */
  readonly shownRecipe: string;
  /** The recipe's text where an editor has changed it; null where the file is as it stands. */
  changedText(): string | null;
  /** The recipe's text as the preview reads it. Rejects where there is none. */
  readRecipe(): Promise<string>;
  isTrusted(): boolean;
  manageTrust(): void;
  open(place: FilePlace): Promise<void>;
  /** Tells of changes of this file from now on, and of no other one. */
  watchDataset(file: string): void;
}

/** A search gives up after so many rows; asking again goes on from there. */
const searchLimit = 20_000;

const nothingFound: Readonly<Record<Wanted, string>> = {
  unsupervised: 'row without a learnt token',
  truncated: 'row that is cut',
};

/** One preview without VS Code: answers its page's messages and asks the engine, a moment's work at a time. */
export class PreviewFeed {
  /** First row of the page that is shown. */
  private from = 0;
  /** A row that was asked for and is not shown yet. */
  private focus: number | null = null;
  private about: PreviewAbout | undefined;
  /** Counts what the user asked for: what an earlier question still finds out is not wanted any more. */
  private question = 0;
  /** Counts the states of recipe and data. */
  private revision = 0;
  private isShown = false;
  private unfinished: { readonly wanted: Wanted; readonly from: number; readonly next: number } | undefined;
  private readonly places: { problem?: FilePlace | undefined; sample?: FilePlace | undefined } = {};

  constructor(
    readonly recipeFile: string,
    private readonly source: PreviewSource,
    private readonly host: PreviewHost,
    private readonly post: (message: ToPreview) => void,
  ) {}

  async receive(message: FromPreview): Promise<void> {
    switch (message.type) {
      case 'ready': {
        this.isShown = true;
        // What was shown before the window was reloaded; `goTo` may have asked for something else meanwhile.
        if (this.about === undefined && this.focus === null) this.from = pageStart(message.row);
        this.post({ type: 'recipe', file: this.recipeFile, shown: this.host.shownRecipe });
        return this.showAll();
      }
      case 'show':
        return this.show(message.row, message.isWanted ? message.row : null);
      case 'search':
        return this.search(message.wanted, message.from);
      case 'cancel':
        this.question++;
        this.post({ type: 'idle', said: 'Stopped.' });
        return;
      case 'openRow':
        return this.guarded(async () => {
          const { file, line } = await this.source.place(this.params(), message.row);
          await this.host.open({ file, line });
        });
      case 'openPlace': {
        const place = this.places[message.of];
        return place === undefined ? undefined : this.host.open(place);
      }
      case 'retry':
        return this.showAll();
      case 'manageTrust':
        this.host.manageTrust();
        return;
    }
  }

  /** Shows a row, now or as soon as the page is there. */
  async goTo(row: number): Promise<void> {
    this.from = pageStart(row);
    this.focus = row;
    if (this.isShown) await this.show(row, row);
  }

  /** The recipe, its data, or the trust in the workspace is another one: what is shown stays in view. */
  async changed(): Promise<void> {
    if (this.isShown) await this.showAll();
  }

  /** The page is hidden and forgets everything; when it is shown again it says that it is ready. */
  hidden(): void {
    this.isShown = false;
    this.question++;
    this.revision++;
  }

  dispose(): void {
    this.hidden();
  }

  private async showAll(): Promise<void> {
    const revision = ++this.revision;
    this.unfinished = undefined;
    if (!this.host.isTrusted()) {
      this.post({ type: 'restricted' });
      return;
    }
    await this.show(this.from, this.focus);
    if (revision === this.revision) await this.showSample(revision);
  }

  private async show(row: number, focus: number | null): Promise<void> {
    const question = ++this.question;
    const isWanted = (): boolean => question === this.question;
    await this.guarded(async () => {
      let from = pageStart(row);
      if (this.about === undefined) this.post({ type: 'busy', text: 'Opening model and data…', share: null });
      for (;;) {
        const page = await this.source.rows(this.params(), from, rowsPerPage);
        if (!isWanted()) return;
        if (page.is === 'later') {
          const share = page.countedRows / (from + rowsPerPage);
          this.post({ type: 'busy', text: `Counting rows up to ${formatCount(from)}…`, share });
          continue;
        }
        if (page.rows.length === 0 && from > 0) {
          from = pageStart(Math.max(0, Math.min(page.about.rowCount, from) - 1));
          continue;
        }
        const isThere = focus !== null && page.rows.some((each) => each.row === focus);
        this.shown(page.about, from);
        this.post({ type: 'rows', about: page.about, from, rows: page.rows, focus: isThere ? focus : null });
        const last = formatCount(page.about.rowCount - 1);
        this.post({ type: 'idle', said: focus === null || isThere ? '' : `The last row is ${last}.` });
        return;
      }
    }, isWanted);
  }

  private shown(about: PreviewAbout, from: number): void {
    this.from = from;
    this.focus = null;
    this.about = about;
    this.places.problem = undefined;
    this.host.watchDataset(about.dataset);
  }

  private async showSample(revision: number): Promise<void> {
    const isWanted = (): boolean => revision === this.revision;
    await this.guarded(async () => {
      for (;;) {
        const sample = await this.source.sample(this.params());
        if (!isWanted()) return;
        const problem = sample.problem === null ? null : await this.describe(fromWire(sample.problem), 'sample');
        if (!isWanted()) return;
        this.post({ type: 'sample', sample, problem });
        if (sample.isDone) return;
      }
    }, isWanted);
  }

  private async search(wanted: Wanted, from: number): Promise<void> {
    const question = ++this.question;
    const isWanted = (): boolean => question === this.question;
    const before = this.unfinished;
    const start = before?.wanted === wanted && before.from === from ? before.next : from;
    const end = start + searchLimit;
    await this.guarded(async () => {
      let next = start;
      for (;;) {
        const rest = Math.max(1, Math.min(end, this.about?.rowCount ?? end) - start);
        const text = `Looking for a ${nothingFound[wanted]}: row ${formatCount(next)}…`;
        this.post({ type: 'busy', text, share: Math.min(1, (next - start) / rest) });
        const answer = await this.source.search(this.params(), wanted, next);
        if (!isWanted()) return;
        this.unfinished = undefined;
        if (answer.found !== null) return this.show(answer.found, answer.found);
        next = answer.next;
        if (answer.isEnd) {
          this.post({ type: 'idle', said: `There is no ${nothingFound[wanted]} from row ${formatCount(from)} on.` });
          return;
        }
        if (next >= end) {
          this.unfinished = { wanted, from, next };
          const said = `No ${nothingFound[wanted]} up to row ${formatCount(next - 1)}. Press again to look further.`;
          this.post({ type: 'idle', said });
          return;
        }
      }
    }, isWanted);
  }

  private params(): PreviewParams {
    return { recipeFile: this.recipeFile, text: this.host.changedText() };
  }

  /** What goes wrong is told on the page; what a question that is not asked any more met is not. */
  private async guarded(work: () => Promise<void>, isWanted = (): boolean => true): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isWanted()) return;
      if (error instanceof Failure && error.code.startsWith('dataset-') && error.place?.file !== undefined) {
        this.host.watchDataset(error.place.file);
      }
      const problem = await this.describe(error, 'problem');
      this.post({ type: 'problem', problem });
    }
  }

  /** The failure in words, its place kept until the page asks to open it. */
  private async describe(error: unknown, of: 'problem' | 'sample'): Promise<ShownProblem> {
    const recipe = { file: this.recipeFile, text: await this.host.readRecipe().catch(() => '') };
    const place = error instanceof Failure ? placeOf(error, recipe) : undefined;
    this.places[of] = place;
    return shownProblem(error, place === undefined ? null : placeLabel(place));
  }
}
