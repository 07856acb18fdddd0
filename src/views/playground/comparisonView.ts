import type { Comparison, ComparisonRow } from '../../run/playgroundProtocol';
import { element } from '../page/element';

/** What is known of the adapters in the columns: what was measured, and how they were trained. */
export class ComparisonView {
  readonly root = element('details', { class: 'card comparison', hidden: true });
  private readonly body = element('div', { class: 'content' });

  /** @param unfolded asks for what is to be shown */
  constructor(unfolded: () => void) {
    this.root.append(element('summary', {}, element('h2', {}, 'Adapters compared: figures and settings')), this.body);
    this.root.addEventListener('toggle', () => {
      if (this.root.open) unfolded();
    });
  }

  get isOpen(): boolean {
    return this.root.open;
  }

  open(): void {
    this.root.open = true;
  }

  /** Without adapters there is nothing to compare. */
  offer(isPossible: boolean): void {
    this.root.hidden = !isPossible;
  }

  show({ folders, figures, settings }: Comparison, nameOf: (folder: string) => string): void {
    const names = ['Base model', ...folders.map(nameOf)];
    const note =
      folders.length > 1
        ? 'Rows in bold differ between the adapters.'
        : 'Add a column with another adapter to see in what they differ.';
    const none =
      'Nothing was measured with these adapters yet: LoRA: Evaluate Adapter keeps its figures beside an adapter, and they are shown here.';
    this.body.replaceChildren(
      element('p', { class: 'note' }, note),
      ...(figures.length === 0 ? [element('p', {}, none)] : [table('Figures', names, figures)]),
      table('Settings', names, settings),
    );
  }
}

function table(caption: string, names: readonly string[], rows: readonly ComparisonRow[]): HTMLElement {
  const head = element(
    'tr',
    {},
    element('th', { scope: 'col' }, caption),
    ...names.map((name) => element('th', { scope: 'col' }, name)),
  );
  const lines = rows.map(({ label, values, differs }) =>
    element(
      'tr',
      { class: differs ? 'different' : 'same' },
      element('th', { scope: 'row' }, label, ...(differs ? [element('span', { class: 'unseen' }, ' (differs)')] : [])),
      ...values.map((value) => element('td', {}, value ?? '–')),
    ),
  );
  return element(
    'div',
    { class: 'wide', tabindex: 0, role: 'region', 'aria-label': `${caption} of the adapters` },
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...lines)),
  );
}
