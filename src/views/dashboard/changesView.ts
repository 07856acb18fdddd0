import { changesOf } from './changes';
import type { ChangedNumber, ChangedText, Changes } from './changes';
import { button, element } from '../page/element';
import type { ShownRun } from './shownRun';

/** What a finished run is for: what its adapter changed, shown to be true. */
export class ChangesView {
  readonly root = element('section', { class: 'card', 'aria-labelledby': 'changes-title', hidden: true });
  private readonly title = element('h2', { id: 'changes-title', tabindex: -1 });
  private shown = '';

  constructor(private readonly showAdapter: () => void) {}

  render({ state, table }: ShownRun): void {
    const isFromStart = table.length > 0 && table.column('step')[0] === 1;
    const changes = changesOf(state, isFromStart ? table.column('loss')[0] : undefined);
    const now = JSON.stringify(changes ?? null);
    if (now === this.shown) return;
    this.shown = now;
    this.root.hidden = changes === undefined;
    if (changes === undefined) return;
    const isFull = state.plan?.method === 'full';
    this.title.textContent = isFull ? 'What training changed' : 'What the adapter changed';
    const find = button('Show in Adapters', { class: 'secondary' }, () => this.showAdapter());
    this.root.replaceChildren(
      element('div', { class: 'card-head' }, this.title, ...(isFull ? [] : [find])),
      ...bodyOf(changes),
    );
  }

  /** Brings the section to the top and the keyboard to it; nothing before the run is finished. */
  reveal(): void {
    if (this.root.hidden) return;
    this.title.focus({ preventScroll: true });
    this.root.scrollIntoView({ block: 'start' });
  }
}

function bodyOf({ proof, numbers, texts }: Changes): HTMLElement[] {
  const hint = element(
    'p',
    { class: 'note' },
    'With ',
    element('code', {}, 'sample_prompts'),
    ' in the recipe’s ',
    element('code', {}, 'training'),
    ', texts from before and after stand here.',
  );
  return [
    ...(texts.length === 0 ? [hint] : texts.map(comparedTexts)),
    ...(numbers.length === 0 ? [] : [numbersTable(numbers)]),
    element('ul', { class: 'proof' }, ...proof.map((sentence) => element('li', {}, sentence))),
  ];
}

/** The same prompt twice, side by side where there is room. */
function comparedTexts({ prompt, before, after }: ChangedText): HTMLElement {
  const text = (label: string, written: string, kind: string): HTMLElement =>
    element(
      'div',
      { class: 'sample' },
      element('h3', { class: 'note' }, label),
      element('blockquote', { class: kind }, element('span', { class: 'given' }, prompt), written),
    );
  return element(
    'div',
    { class: 'compared' },
    ...(before === null ? [] : [text('Before training', before, 'before')]),
    text('With the adapter', after, 'after'),
  );
}

function numbersTable(numbers: readonly ChangedNumber[]): HTMLElement {
  const head = ['', 'Before', 'After'].map((name, at) =>
    at === 0 ? element('td') : element('th', { scope: 'col', class: 'number' }, name),
  );
  const rows = numbers.map(({ label, before, after }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, label),
      ...[before, after].map((value) => element('td', { class: 'number' }, value)),
    ),
  );
  const caption = element('caption', { class: 'unseen' }, 'Loss before and after training');
  return element('table', {}, caption, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows));
}
