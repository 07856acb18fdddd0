import { formatCount } from '../../run/format';
import type { PlaygroundColumn } from '../../run/playground';
import type { ShownAdapter, ShownEnd, ShownText } from '../../run/playgroundProtocol';
import { button, element, setText } from '../page/element';
import { columnName, isSameColumn } from './columns';
import type { Difference } from './differences';
import { OutputView } from './outputView';
import { TurnsView } from './turnsView';
import type { ShownTalk } from './turnsView';

/** What the controls of a column do. */
export interface ColumnActions {
  /** The column is written with these from now on; `isWhole` when the adapters are others, and not only a weight. */
  change(column: PlaygroundColumn, isWhole: boolean): void;
  remove(): void;
  /** Others are compared with it. */
  makeFirst(): void;
}

export interface ColumnChoices {
  readonly adapters: readonly ShownAdapter[];
  readonly isFirst: boolean;
  readonly isOnly: boolean;
  nameOf(folder: string): string;
}

/** What a column shows of a run; `writtenAs` where it was written with other weights than it has now. */
export interface ColumnText {
  readonly run: number;
  readonly text: ShownText;
  readonly difference: Difference | undefined;
  readonly writtenAs: string | null;
  /** Of a conversation what stands above the text. */
  readonly talk: ShownTalk | undefined;
}

let count = 0;

/** One column: what it is written with, the text, and its figures. */
export class ColumnView {
  readonly root: HTMLElement;
  private readonly title = element('h2');
  private readonly turns: TurnsView;
  private readonly output: OutputView;
  private readonly figures = element('p', { class: 'note figures-line' });
  private readonly problem = element('p', { class: 'problem text-problem', hidden: true });
  private readonly difference = element('p', { class: 'note difference' });

  constructor(
    private column: PlaygroundColumn,
    private readonly choices: ColumnChoices,
    private readonly actions: ColumnActions,
  ) {
    const id = `column-${++count}`;
    this.title.id = id;
    const name = columnName(column, (folder) => choices.nameOf(folder));
    this.turns = new TurnsView(name);
    this.output = new OutputView(name);
    this.root = element('section', { class: 'card column', 'aria-labelledby': id });
    this.root.append(this.head(), this.adapters(), this.turns.root, this.output.root);
    this.root.append(this.problem, this.difference, this.figures);
    this.nameIt();
  }

  /** Shows what was written, or nothing. */
  show(shown: ColumnText | undefined): void {
    const end = shown?.text.end ?? null;
    this.showTurns(shown?.talk);
    if (shown === undefined) this.output.clear();
    else this.output.update(shown.run, shown.text);
    this.problem.hidden = end?.problem == null;
    setText(this.problem, end?.problem ?? '');
    setText(this.figures, shown === undefined ? '' : figuresOf(shown));
    this.showDifference(shown?.difference);
  }

  private head(): HTMLElement {
    const { choices, actions } = this;
    const name = columnName(this.column, (folder) => choices.nameOf(folder));
    const plain = { class: 'secondary' };
    const first = button('Compare with this', { ...plain, 'aria-label': `Compare with this: ${name}` }, () =>
      actions.makeFirst(),
    );
    const label = `Remove the column ${name}`;
    const remove = button('×', { class: 'secondary icon', 'aria-label': label, title: label }, () => actions.remove());
    return element(
      'div',
      { class: 'card-head' },
      this.title,
      element('div', { class: 'buttons' }, ...(choices.isFirst ? [] : [first]), ...(choices.isOnly ? [] : [remove])),
    );
  }

  /** A slider for each adapter, and the choice of a further one. */
  private adapters(): HTMLElement {
    const { column, choices, actions } = this;
    const sliders = column.map(({ folder, weight }, at) => this.slider(choices.nameOf(folder), weight, at));
    const others = choices.adapters.filter(({ folder }) => column.every((each) => each.folder !== folder));
    const parts: HTMLElement[] = [...sliders];
    if (column.length > 0 && others.length > 0) {
      const add = element(
        'select',
        { 'aria-label': 'Add an adapter to this column: their changes are added up' },
        element('option', { value: '' }, 'Mix with…'),
        ...others.map(({ folder, name }) => element('option', { value: folder }, name)),
      );
      const label = { class: 'secondary', 'aria-label': 'Add the chosen adapter to this column' };
      const act = button('Add', label, () => {
        if (add.value === '') add.focus();
        else actions.change([...this.column, { folder: add.value, weight: 1 }], true);
      });
      parts.push(element('div', { class: 'group' }, add, act));
    }
    return element('div', { class: 'weights' }, ...parts);
  }

  private slider(name: string, weight: number, at: number): HTMLElement {
    const { actions } = this;
    const id = `${this.title.id}-weight-${at}`;
    const range = element('input', { type: 'range', id, min: 0, max: 2, step: 0.05, value: weight });
    const value = element('output', { for: id }, String(weight));
    range.addEventListener('input', () => {
      const chosen = Number(range.value);
      setText(value, String(chosen));
      this.column = this.column.map((each, i) => (i === at ? { ...each, weight: chosen } : each));
      this.nameIt();
      actions.change(this.column, false);
    });
    const label = `Take ${name} out of this column`;
    const out = button('×', { class: 'secondary icon', 'aria-label': label, title: label }, () => {
      const rest = this.column.filter((_, i) => i !== at);
      actions.change(rest, true);
    });
    const named = element('label', { for: id }, `Weight of ${name}`);
    return element('div', { class: 'group' }, named, range, value, ...(this.column.length > 1 ? [out] : []));
  }

  private nameIt(): void {
    setText(
      this.title,
      columnName(this.column, (folder) => this.choices.nameOf(folder)),
    );
  }

  private showTurns(talk: ShownTalk | undefined): void {
    const nameOf = (folder: string): string => this.choices.nameOf(folder);
    this.turns.show(talk, ({ by }) => (isSameColumn(by, this.column) ? null : columnName(by, nameOf)));
  }

  private showDifference(difference: Difference | undefined): void {
    const piece = difference?.is === 'differs' ? difference.piece : null;
    this.output.mark(piece);
    const words = this.choices.isFirst || difference === undefined ? '' : differenceWords(difference);
    // The button must not lose the focus while the text grows.
    if (this.difference.dataset['words'] === words) return;
    this.difference.dataset['words'] = words;
    this.difference.replaceChildren(words);
    if (words !== '' && piece !== null) {
      const go = button('Go there', { class: 'secondary' }, () => this.output.focus(piece));
      this.difference.append(' ', go);
    }
  }
}

function differenceWords(difference: Difference): string {
  if (difference.is === 'same') {
    return difference.isFinal ? 'The same as in the first column.' : 'So far the same as in the first column.';
  }
  if (difference.piece === null) {
    return `Ends after token ${difference.token}, where the first column goes on.`;
  }
  return `Differs from the first column from token ${difference.token + 1} on.`;
}

const reasons: Readonly<Record<ShownEnd['reason'], string>> = {
  stop: 'ended by itself',
  length: 'as long as it may be',
  stopped: 'stopped',
  failed: 'failed',
};

function figuresOf({ text, writtenAs }: ColumnText): string {
  const { end, pieces } = text;
  const written = writtenAs === null ? [] : [`written with ${writtenAs}`];
  if (end === null) {
    const tokens = pieces.reduce((sum, piece) => sum + piece.tokens.length, 0);
    return [tokens === 0 ? 'reading the prompt…' : `${formatCount(tokens)} tokens…`, ...written].join(' · ');
  }
  if (end.reason === 'failed') return '';
  const pace = end.tokensPerSecond === null ? [] : [`${paceText(end.tokensPerSecond)} tokens/s`];
  return [`${formatCount(end.tokens)} tokens`, ...pace, reasons[end.reason], ...written].join(' · ');
}

function paceText(pace: number): string {
  return pace >= 100 ? formatCount(pace) : pace.toPrecision(2);
}
