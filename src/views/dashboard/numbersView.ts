import { formatCount, formatNumber } from '../../run/format';
import { button, element, setText } from '../page/element';
import { normText } from './gradHealth';
import type { ShownRun } from './shownRun';

const pageSize = 25;
const heads = [
  'Step',
  'Epoch',
  'Loss',
  'Smoothed',
  'Evaluation',
  'Learning rate',
  'Gradient norm',
  'Correct guesses',
  'Tokens/s',
];

/** The charts' numbers as a table, page by page: for screen readers, and for whoever wants to know exactly. */
export class NumbersView {
  readonly root = element(
    'details',
    { class: 'card' },
    element('summary', {}, element('h2', {}, 'All numbers as a table')),
  );
  private readonly body = element('tbody');
  private readonly where = element('span', { role: 'status' });
  private run: ShownRun | undefined;
  /** Undefined is the last page, and follows the run. */
  private page: number | undefined;

  constructor() {
    const go = (label: string, page: () => number): HTMLElement =>
      button(label, { class: 'secondary' }, () => this.go(page()));
    const head = heads.map((name) => element('th', { scope: 'col', class: 'number' }, name));
    const caption = element('caption', { class: 'unseen' }, 'Numbers of each step');
    this.root.append(
      element(
        'div',
        { class: 'pager' },
        go('First', () => 0),
        go('Previous', () => this.current - 1),
        go('Next', () => this.current + 1),
        go('Last', () => this.pages - 1),
        this.where,
      ),
      element(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Numbers of each step' },
        element('table', {}, caption, element('thead', {}, element('tr', {}, ...head)), this.body),
      ),
    );
    this.root.addEventListener('toggle', () => this.fill());
  }

  render(run: ShownRun): void {
    this.run = run;
    // A page that somebody reads stays; only the last one changes as the run goes.
    if (this.page === undefined) this.fill();
  }

  private get pages(): number {
    return Math.max(1, Math.ceil((this.run?.table.length ?? 0) / pageSize));
  }

  private get current(): number {
    return this.page ?? this.pages - 1;
  }

  private go(page: number): void {
    const last = this.pages - 1;
    this.page = page >= last ? undefined : Math.max(0, page);
    this.fill();
  }

  private fill(): void {
    if (this.run === undefined || !this.root.open) return;
    const { table, state } = this.run;
    const first = this.current * pageSize;
    const end = Math.min(table.length, first + pageSize);
    const evals = new Map(state.evals.map((event) => [event.step, event.eval_loss]));
    const smoothed = table.smoothed();
    const rows: HTMLElement[] = [];
    for (let at = first; at < end; at++) {
      const value = (name: Parameters<typeof table.column>[0]): number => table.column(name)[at]!;
      const evaluated = evals.get(value('step'));
      const cells = [
        value('epoch').toFixed(2),
        formatNumber(value('loss')),
        formatNumber(smoothed[at]!),
        evaluated === undefined ? '' : formatNumber(evaluated),
        formatNumber(value('learning_rate')),
        normText(value('grad_norm')),
        `${Math.round(100 * value('mean_token_accuracy'))} %`,
        formatCount(value('tokens_per_second')),
      ].map((text) => element('td', { class: 'number' }, text));
      rows.push(
        element('tr', {}, element('th', { scope: 'row', class: 'number' }, formatCount(value('step'))), ...cells),
      );
    }
    this.body.replaceChildren(...rows);
    setText(this.where, table.length === 0 ? 'No steps yet' : `Page ${this.current + 1} of ${this.pages}`);
  }
}
