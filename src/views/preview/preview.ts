import { formatCount } from '../../run/format';
import type { PreviewAbout, PreviewRow, PreviewSample, Wanted } from '../../run/preview';
import { pageStart, rowsPerPage } from '../../run/previewProtocol';
import type { FromPreview, PreviewMemory, ShownProblem, ToPreview } from '../../run/previewProtocol';
import type { Bridge } from '../page/bridge';
import { button, element, setText } from '../page/element';
import { restrictedParts } from '../page/restricted';
import { Controls } from './controls';
import { legend } from './legend';
import { rangeText, RowsView } from './rowsView';
import { SampleView } from './sampleView';

interface ShownRows {
  readonly about: PreviewAbout;
  readonly from: number;
  readonly rows: readonly PreviewRow[];
}

/** The page: takes messages, shows what they say, and asks for what the user wants to see. */
export class Preview {
  private recipe: string | undefined;
  private shown: ShownRows | undefined;
  private sample: PreviewSample | undefined;
  private sampleProblem: ShownProblem | null = null;
  private isTable: boolean;
  /** The row that was asked for last, or the first of the page: it comes back after a reload. */
  private at: number;
  /** The row on this page that was asked for or found: searches go on behind it. */
  private found: number | null = null;
  private readonly title = element('h1', {}, 'Preview of the data');
  private readonly note = element('p', { class: 'note' });
  private readonly problem = element('div', { class: 'problem', role: 'alert', hidden: true });
  private readonly restricted = element('div', { class: 'card', hidden: true });
  private readonly waiting = element('p', { role: 'status' }, 'Opening model and data…');
  private readonly content = element('div', { class: 'content', hidden: true });
  private readonly controls: Controls;
  private readonly rows = new RowsView((row) => this.bridge.post({ type: 'openRow', row }));
  private readonly summary = new SampleView(() => this.bridge.post({ type: 'openPlace', of: 'sample' }));

  constructor(
    root: HTMLElement,
    private readonly bridge: Bridge<FromPreview, PreviewMemory>,
    memory: PreviewMemory | undefined,
  ) {
    this.recipe = memory?.recipe;
    this.isTable = memory?.isTable ?? false;
    this.at = memory?.row ?? 0;
    this.controls = new Controls({
      page: (by) => this.page(by),
      goTo: (row) => bridge.post({ type: 'show', row, isWanted: true }),
      search: (wanted) => this.search(wanted),
      showTable: (isTable) => {
        this.isTable = isTable;
        this.remember();
        this.render();
      },
      cancel: () => bridge.post({ type: 'cancel' }),
    });
    this.restricted.append(
      ...restrictedParts(
        'Showing the data would run the engine on files that the recipe names, so nothing is shown.',
        () => bridge.post({ type: 'manageTrust' }),
      ),
    );
    this.content.append(this.summary.root, this.controls.root, legend(), this.rows.root);
    const header = element('header', {}, element('div', { class: 'names' }, this.title, this.note));
    root.append(header, this.problem, this.restricted, this.waiting, this.content);
    bridge.post({ type: 'ready', row: this.at });
  }

  receive(message: ToPreview): void {
    switch (message.type) {
      case 'recipe':
        this.recipe = message.file;
        setText(this.note, message.shown);
        this.remember();
        break;
      case 'rows':
        this.showRows(message, message.focus);
        break;
      case 'sample':
        this.sample = message.sample;
        this.sampleProblem = message.problem;
        this.renderSummary();
        break;
      case 'busy':
        this.controls.working(message.text, message.share);
        break;
      case 'idle':
        this.controls.idle(message.said);
        break;
      case 'problem':
        this.controls.idle('');
        this.waiting.hidden = true;
        this.showProblem(message.problem);
        break;
      case 'restricted':
        this.waiting.hidden = true;
        this.restricted.hidden = false;
    }
  }

  private showRows({ about, from, rows }: ShownRows, focus: number | null): void {
    const before = this.shown;
    this.shown = { about, from, rows };
    this.problem.hidden = true;
    this.restricted.hidden = true;
    this.content.hidden = false;
    this.waiting.hidden = true;
    if (before?.from !== from || focus !== null) this.found = focus;
    setText(this.title, about.name);
    setText(this.note, aboutText(about));
    this.render();
    this.renderSummary();
    if (focus !== null) this.rows.reveal(focus);
    else if (before === undefined && this.at !== from) this.rows.scrollTo(this.at);
    else if (before !== undefined && before.from !== from) this.controls.root.scrollIntoView({ block: 'start' });
    this.at = focus ?? (pageStart(this.at) === from ? this.at : from);
    this.remember();
  }

  private render(): void {
    if (this.shown === undefined) return;
    const { about, from, rows } = this.shown;
    this.controls.render(rangeText(about, rows), from > 0, this.hasNext, this.isTable);
    this.rows.render(rows, this.isTable);
  }

  private renderSummary(): void {
    if (this.shown !== undefined) this.summary.render(this.shown.about, this.sample, this.sampleProblem);
  }

  private get hasNext(): boolean {
    if (this.shown === undefined) return false;
    const { about, from, rows } = this.shown;
    return rows.length === rowsPerPage && (!about.rowCountIsExact || from + rowsPerPage < about.rowCount);
  }

  private page(by: 1 | -1): void {
    if (this.shown === undefined || (by === 1 ? !this.hasNext : this.shown.from === 0)) return;
    this.bridge.post({ type: 'show', row: this.shown.from + by * rowsPerPage, isWanted: false });
  }

  private search(wanted: Wanted): void {
    if (this.shown === undefined) return;
    const from = this.found === null ? this.shown.from : this.found + 1;
    this.bridge.post({ type: 'search', wanted, from });
  }

  private remember(): void {
    if (this.recipe !== undefined) this.bridge.remember({ recipe: this.recipe, row: this.at, isTable: this.isTable });
  }

  private showProblem({ message, hint, place }: ShownProblem): void {
    const parts: (Node | string)[] = [element('p', {}, hint === null ? message : `${message} ${hint}`)];
    if (this.shown !== undefined) parts.push(element('p', {}, 'What is shown below is from before.'));
    const open = (label: string): HTMLElement =>
      button(label, { class: 'primary' }, () => this.bridge.post({ type: 'openPlace', of: 'problem' }));
    const again = button('Try Again', { class: 'secondary' }, () => this.bridge.post({ type: 'retry' }));
    parts.push(element('div', { class: 'buttons' }, ...(place === null ? [] : [open(`Open ${place}`)]), again));
    this.problem.replaceChildren(...parts);
    this.problem.hidden = false;
  }
}

function aboutText({ dataset, format, maxLength, baseModel }: PreviewAbout): string {
  const name = dataset.split(/[\\/]/).at(-1)!;
  return `${name} (${format}) · base_model ${baseModel} · max_length ${formatCount(maxLength)}`;
}
