import type { PlaygroundColumn } from '../../run/playground';
import { matchColumns } from '../../run/playgroundColumns';
import { maxColumns } from '../../run/playgroundProtocol';
import type { ShownAdapter, ShownRun } from '../../run/playgroundProtocol';
import { button, element } from '../page/element';
import { columnName, isSameColumn } from './columns';
import { ColumnView } from './columnView';
import { firstDifference } from './differences';
import { legend } from './legend';

export interface ColumnsActions {
  changed(columns: readonly PlaygroundColumn[]): void;
  /** An adapter that lies elsewhere. */
  chooseAdapter(): void;
}

/** All columns side by side, and what was last written in them. */
export class ColumnsView {
  readonly root: HTMLElement;
  private readonly grid = element('div', { class: 'columns' });
  private readonly add = element('select', { 'aria-label': 'Add a column' });
  private readonly addButton: HTMLButtonElement;
  private columns: readonly PlaygroundColumn[] = [];
  private adapters: readonly ShownAdapter[] = [];
  private views: readonly ColumnView[] = [];
  private run: ShownRun | undefined;

  constructor(private readonly actions: ColumnsActions) {
    // Not on `change`: with the keyboard that comes for every entry on the way to the one that is meant.
    const label = { class: 'secondary', 'aria-label': 'Add the chosen column' };
    this.addButton = button('Add', label, () => this.addChosen());
    this.root = element(
      'div',
      { class: 'content' },
      element('div', { class: 'toolbar' }, element('div', { class: 'group' }, this.add, this.addButton)),
      this.grid,
      element(
        'details',
        { class: 'card' },
        element('summary', {}, element('h2', {}, 'What the colours mean')),
        legend(),
      ),
    );
  }

  show(columns: readonly PlaygroundColumn[], adapters: readonly ShownAdapter[]): void {
    this.columns = columns;
    this.adapters = adapters;
    this.build();
  }

  /** Shows what is written, as far as it is. */
  showRun(run: ShownRun | undefined): void {
    this.run = run;
    this.fill();
  }

  readonly nameOf = (folder: string): string =>
    this.adapters.find((each) => each.folder === folder)?.name ?? folder.split(/[\\/]/).at(-1)!;

  private build(): void {
    const { columns, adapters } = this;
    this.views = columns.map(
      (column, at) =>
        new ColumnView(
          column,
          { adapters, isFirst: at === 0, isOnly: columns.length === 1, nameOf: this.nameOf },
          {
            change: (changed, isWhole) => this.replace(at, changed, isWhole),
            remove: () => this.set(columns.filter((_, i) => i !== at)),
            makeFirst: () => this.set([this.columns[at]!, ...this.columns.filter((_, i) => i !== at)]),
          },
        ),
    );
    this.grid.replaceChildren(...this.views.map(({ root }) => root));
    this.offer();
    this.fill();
  }

  private offer(): void {
    const option = (value: string, label: string): HTMLElement => element('option', { value }, label);
    this.add.replaceChildren(
      option('', 'Add a column…'),
      option('base', 'Base model'),
      ...this.adapters.map(({ folder, name, shown }) => option(`adapter:${folder}`, `${name} (${shown})`)),
      option('browse', 'An adapter that lies elsewhere…'),
    );
    const isFull = this.columns.length >= maxColumns;
    this.add.disabled = isFull;
    this.addButton.disabled = isFull;
  }

  private addChosen(): void {
    const { value } = this.add;
    if (value === '') this.add.focus();
    this.add.value = '';
    if (value === 'browse') this.actions.chooseAdapter();
    else if (value === 'base') this.set([...this.columns, []]);
    else if (value.startsWith('adapter:')) {
      this.set([...this.columns, [{ folder: value.slice('adapter:'.length), weight: 1 }]]);
    }
  }

  private replace(at: number, column: PlaygroundColumn, isWhole: boolean): void {
    const columns = this.columns.map((each, i) => (i === at ? column : each));
    if (isWhole) {
      this.set(columns);
      return;
    }
    // A slider that is being moved must stay where it is.
    this.columns = columns;
    this.actions.changed(columns);
    this.fill();
  }

  private set(columns: readonly PlaygroundColumn[]): void {
    this.columns = columns;
    this.actions.changed(columns);
    this.build();
    this.add.focus();
  }

  private fill(): void {
    const { run, columns } = this;
    const matched = run === undefined ? [] : matchColumns(columns, run.columns);
    const textAt = (at: number): ShownRun['texts'][number] | undefined => {
      const index = matched[at];
      return index == null ? undefined : run?.texts[index];
    };
    const first = textAt(0);
    this.views.forEach((view, at) => {
      const text = textAt(at);
      if (run === undefined || text === undefined) {
        view.show(undefined);
        return;
      }
      const index = matched[at]!;
      const writtenWith = run.columns[index]!;
      view.show({
        run: run.id,
        text,
        difference: at === 0 || first === undefined ? undefined : firstDifference(first, text),
        talk: run.isChat ? { earlier: run.earlier[index] ?? [], prompt: run.prompts[0] ?? '' } : undefined,
        writtenAs: isSameColumn(writtenWith, columns[at]) ? null : columnName(writtenWith, this.nameOf),
      });
    });
  }
}
