import { formatCount } from '../../run/format';
import type { PlaygroundColumn } from '../../run/playground';
import type { ShownPrompts, ShownRun, ShownText } from '../../run/playgroundProtocol';
import { button, element, setText } from '../page/element';
import { columnName } from './columns';

export interface PromptSetActions {
  save(prompts: readonly string[]): void;
  /** Writes all prompts in all columns. */
  write(prompts: readonly string[]): void;
  /** Puts a prompt into the form. */
  take(prompt: string): void;
  openFile(): void;
  nameOf(folder: string): string;
}

/** The prompts that are tried again and again, and what all columns make of them, as a table. */
export class PromptSetView {
  readonly root: HTMLElement;
  private readonly summary = element('span', { class: 'note' });
  private readonly problem = element('p', { class: 'problem', role: 'alert', hidden: true });
  private readonly note = element('p', { class: 'note' });
  private readonly table = element('table');
  private readonly region: HTMLElement;
  private readonly writeAll: HTMLButtonElement;
  private readonly open: HTMLButtonElement;
  private prompts: readonly string[] = [];
  private run: ShownRun | undefined;
  private isWriting = false;

  constructor(private readonly actions: PromptSetActions) {
    this.writeAll = button('Write all', { class: 'primary' }, () => {
      if (!this.isWriting && this.prompts.length > 0) actions.write(this.prompts);
    });
    this.open = button('Open the file', { class: 'secondary' }, () => actions.openFile());
    this.region = element(
      'div',
      { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Prompts and what the columns make of them' },
      this.table,
    );
    this.root = element(
      'details',
      { class: 'card prompt-set' },
      element('summary', {}, element('h2', {}, 'Prompt set'), ' ', this.summary),
      this.problem,
      this.note,
      element('div', { class: 'buttons' }, this.writeAll, this.open),
      this.region,
    );
    this.show({ prompts: [], file: null, problem: null });
  }

  get all(): readonly string[] {
    return this.prompts;
  }

  show({ prompts, file, problem }: ShownPrompts): void {
    this.prompts = prompts;
    this.problem.hidden = problem === null;
    setText(this.problem, problem ?? '');
    const where =
      file === null
        ? 'Open a folder to keep them; now they are there until the playground is closed.'
        : 'They are kept in .lora/prompts.json of this folder.';
    const what = 'Prompts to try with all columns again and again, such as after each training.';
    setText(this.note, `${what} ${where}`);
    this.open.hidden = file === null;
    setText(this.summary, prompts.length === 1 ? '1 prompt' : `${formatCount(prompts.length)} prompts`);
    this.build();
  }

  showRun(run: ShownRun | undefined): void {
    this.run = run;
    if (run !== undefined && !run.isOver) (this.root as HTMLDetailsElement).open = true;
    this.build();
  }

  /** Fills in what has come, without building the table anew. */
  update(run: ShownRun, text: number): void {
    this.run = run;
    const cell = this.table.querySelector(`[data-text="${text}"]`);
    if (cell !== null) this.fill(cell, text);
  }

  working(isWriting: boolean): void {
    this.isWriting = isWriting;
    this.allow();
  }

  private allow(): void {
    if (this.isWriting || this.prompts.length === 0) this.writeAll.setAttribute('aria-disabled', 'true');
    else this.writeAll.removeAttribute('aria-disabled');
  }

  private build(): void {
    this.allow();
    this.region.hidden = this.prompts.length === 0;
    const columns: readonly PlaygroundColumn[] = this.run?.columns ?? [];
    const heads = ['Prompt', ...columns.map((column) => columnName(column, (folder) => this.actions.nameOf(folder)))];
    const head = element(
      'tr',
      {},
      ...heads.map((name) => element('th', { scope: 'col' }, name)),
      element('th', { scope: 'col' }, element('span', { class: 'unseen' }, 'Actions')),
    );
    const rows = this.prompts.map((prompt, at) => this.row(prompt, at, columns.length));
    this.table.replaceChildren(element('thead', {}, head), element('tbody', {}, ...rows));
  }

  private row(prompt: string, at: number, columns: number): HTMLElement {
    const index = this.run?.prompts.indexOf(prompt) ?? -1;
    const cells = Array.from({ length: columns }, (_, column) => {
      const cell = element('td', { class: 'set-text' });
      if (index >= 0) {
        const text = index * columns + column;
        cell.dataset['text'] = String(text);
        this.fill(cell, text);
      }
      return cell;
    });
    const short = prompt.length > 60 ? `${prompt.slice(0, 60)}…` : prompt;
    const take = button('Use', { class: 'secondary', 'aria-label': `Use the prompt “${short}”` }, () =>
      this.actions.take(prompt),
    );
    const label = `Remove the prompt “${short}”`;
    const remove = button('×', { class: 'secondary icon', 'aria-label': label, title: label }, () => {
      this.actions.save(this.prompts.filter((_, i) => i !== at));
      this.writeAll.focus();
    });
    return element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'set-prompt' }, prompt),
      ...cells,
      element('td', {}, element('div', { class: 'buttons' }, take, remove)),
    );
  }

  private fill(cell: Element, at: number): void {
    const { run } = this;
    const text = run?.texts[at];
    if (run === undefined || text === undefined) return;
    const first = run.texts[at - (at % run.columns.length)]!;
    const isOther = text !== first && areWhole(text, first) && lettersOf(text) !== lettersOf(first);
    const letters = element('span', {}, lettersOf(text));
    const words =
      text.end?.problem ?? (text.end === null ? 'writing…' : isOther ? 'differs from the first column' : '');
    cell.classList.toggle('different', isOther);
    cell.replaceChildren(letters, ...(words === '' ? [] : [element('p', { class: 'note' }, words)]));
  }
}

function areWhole(...texts: readonly ShownText[]): boolean {
  return texts.every(({ end }) => end !== null && end.reason !== 'failed');
}

function lettersOf({ pieces }: ShownText): string {
  return pieces.map(({ text }) => text).join('');
}
