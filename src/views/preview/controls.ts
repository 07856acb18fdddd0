import type { Wanted } from '../../run/preview';
import { button, element, setText } from '../page/element';

/** What the controls above the rows do. */
export interface ControlActions {
  page(by: 1 | -1): void;
  goTo(row: number): void;
  search(wanted: Wanted): void;
  showTable(isTable: boolean): void;
  cancel(): void;
}

/** Paging, searching, the way of showing, and what goes on. */
export class Controls {
  readonly root: HTMLElement;
  private readonly where = element('span', { class: 'where', role: 'status' });
  private readonly row = element('input', { type: 'number', id: 'row', min: 0, step: 1, inputmode: 'numeric' });
  private readonly text: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
  private readonly previous: HTMLButtonElement;
  private readonly next: HTMLButtonElement;
  private readonly said = element('span', { role: 'status' });
  private readonly progress = element('progress', { max: 1, 'aria-label': 'Progress' });
  private readonly cancel: HTMLButtonElement;
  private readonly busy: HTMLElement;

  constructor(actions: ControlActions) {
    const plain = { class: 'secondary' };
    const arrow = (sign: string, name: string, by: 1 | -1): HTMLButtonElement =>
      button(sign, { class: 'secondary icon', 'aria-label': name, title: name }, () => actions.page(by));
    this.previous = arrow('‹', 'Previous rows', -1);
    this.next = arrow('›', 'Next rows', 1);
    this.text = button('Text', plain, () => actions.showTable(false));
    this.table = button('Table', plain, () => actions.showTable(true));
    this.cancel = button('Cancel', plain, () => actions.cancel());
    this.busy = element('div', { class: 'busy' }, this.said, this.progress, this.cancel);
    const form = element(
      'form',
      { class: 'group' },
      element('label', { for: 'row' }, 'Go to row'),
      this.row,
      element('button', { type: 'submit', class: 'secondary' }, 'Go'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.row.validity.valid && this.row.value !== '') actions.goTo(Number(this.row.value));
    });
    const group = (label: string, ...children: Node[]): HTMLElement =>
      element('div', { class: 'group', role: 'group', 'aria-label': label }, ...children);
    this.root = element(
      'div',
      { class: 'controls' },
      element('h2', { class: 'unseen' }, 'Rows'),
      element(
        'div',
        { class: 'toolbar' },
        group('Pages', this.previous, this.next),
        this.where,
        form,
        group(
          'Look for',
          button('Next with nothing learnt', plain, () => actions.search('unsupervised')),
          button('Next that is cut', plain, () => actions.search('truncated')),
        ),
        group('Show tokens as', this.text, this.table),
      ),
      this.busy,
    );
    this.idle('');
  }

  render(where: string, hasPrevious: boolean, hasNext: boolean, isTable: boolean): void {
    setText(this.where, where);
    enable(this.previous, hasPrevious);
    enable(this.next, hasNext);
    this.text.setAttribute('aria-pressed', String(!isTable));
    this.table.setAttribute('aria-pressed', String(isTable));
  }

  working(text: string, share: number | null): void {
    setText(this.said, text);
    this.progress.hidden = false;
    if (share === null) this.progress.removeAttribute('value');
    else this.progress.value = share;
    this.cancel.hidden = false;
    this.busy.dataset['busy'] = '';
  }

  idle(said: string): void {
    // Focus must not fall to the page's start when the button goes.
    if (document.activeElement === this.cancel) this.next.focus();
    setText(this.said, said);
    this.progress.hidden = true;
    this.cancel.hidden = true;
    delete this.busy.dataset['busy'];
  }
}

/** Not `disabled`, which would drop the keyboard's focus. */
function enable(target: HTMLElement, isPossible: boolean): void {
  if (isPossible) target.removeAttribute('aria-disabled');
  else target.setAttribute('aria-disabled', 'true');
}
