import { formatCount } from '../../run/format';
import type { PreviewToken, ReadableRow } from '../../run/preview';
import { button, element, setText } from '../page/element';
import { SpanCursor } from '../page/spanCursor';
import { fateOf, fateWords, tokenRuns } from './tokenRuns';
import type { TokenRun } from './tokenRuns';
import { escapedText, visibleText } from './visibleText';

/** Tokens that are drawn at once; more of a long row on demand, so that scrolling stays smooth. */
const chunk = 1000;

/** The words that a screen reader hears where a stretch begins and ends. */
const spokenStarts = { read: '', learnt: '[learnt: ', cut: '[cut off: ' } as const;

/** A row's tokens one after the other, as the text they make; arrow keys go from token to token. */
export class TextView {
  readonly root = element('div');
  private readonly text: HTMLElement;
  private readonly readout = element('p', { class: 'readout note', role: 'status' });
  private readonly spans: HTMLElement[] = [];

  constructor(private readonly row: ReadableRow) {
    this.text = element('div', {
      class: 'tokens',
      role: 'group',
      tabindex: 0,
      'aria-label': `Tokens of row ${row.row}. The arrow keys go from token to token.`,
    });
    const more = moreButton(row, (from) => this.append(from));
    this.root.append(this.text, ...more, this.readout);
    new SpanCursor(this.text, this.spans, (at) => this.say(at));
  }

  private append(from: number): void {
    for (const run of tokenRuns(this.row, from, from + chunk)) {
      if (run.fate === 'cut' && run.start === this.row.seen) this.text.append(cutMark(this.row));
      this.text.append(this.runElement(run));
    }
  }

  private runElement({ fate, tokens }: TokenRun): HTMLElement {
    const spans = tokens.map(tokenElement);
    this.spans.push(...spans);
    if (fate === 'read') return element('span', { class: 'run read' }, ...spans);
    const unseen = (text: string): HTMLElement => element('span', { class: 'unseen' }, text);
    return element('span', { class: `run ${fate}` }, unseen(spokenStarts[fate]), ...spans, unseen(']'));
  }

  private say(at: number): void {
    const token = this.row.tokens[at]!;
    const special = token.special ? ', special token' : '';
    const fate = fateWords[fateOf(this.row, at)];
    setText(
      this.readout,
      `Token ${at + 1} of ${this.row.length}: “${escapedText(token.text)}”, id ${token.id}, ${fate}${special}`,
    );
  }
}

function tokenElement({ text, special }: PreviewToken): HTMLElement {
  return element('span', { class: special ? 'token special' : 'token' }, visibleText(text));
}

function cutMark({ seen }: ReadableRow): HTMLElement {
  return element('span', { class: 'cut-mark' }, `✂ max_length ${formatCount(seen)}`);
}

/** A row's tokens one below the other, with all that is known of each. */
export class TableView {
  readonly root = element('div');
  private readonly body = element('tbody');

  constructor(private readonly row: ReadableRow) {
    const heads = ['No.', 'Token', 'Id', 'Supervised (learnt)', 'Seen by the model'];
    const head = heads.map((name) => element('th', { scope: 'col' }, name));
    const caption = element('caption', { class: 'unseen' }, `Tokens of row ${row.row}`);
    const table = element(
      'table',
      { class: 'token-table' },
      caption,
      element('thead', {}, element('tr', {}, ...head)),
      this.body,
    );
    const label = `Tokens of row ${row.row}`;
    const scroll = element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, table);
    this.root.append(scroll, ...moreButton(row, (from) => this.append(from)));
  }

  private append(from: number): void {
    const { row } = this;
    const rows = row.tokens.slice(from, from + chunk).map((token, at) => {
      const fate = fateOf(row, from + at);
      return element(
        'tr',
        { class: fate },
        element('th', { scope: 'row', class: 'number' }, String(from + at + 1)),
        element(
          'td',
          { class: 'code' },
          element('span', { class: token.special ? 'token special' : 'token' }, escapedText(token.text)),
        ),
        element('td', { class: 'number' }, String(token.id)),
        element('td', {}, token.supervised && fate !== 'cut' ? 'yes' : 'no'),
        element('td', {}, fate === 'cut' ? 'no, cut off' : 'yes'),
      );
    });
    this.body.append(...rows);
  }
}

/** Appends the first tokens; gives a button for the next ones while there are more, and a word about those that are not sent. */
function moreButton(row: ReadableRow, append: (from: number) => void): readonly HTMLElement[] {
  append(0);
  const total = row.tokens.length;
  const unsent = row.length - total;
  const note = element(
    'p',
    { class: 'note', hidden: unsent === 0 },
    `${formatCount(unsent)} further tokens are not shown.`,
  );
  if (total <= chunk) return unsent === 0 ? [] : [note];
  let shown = chunk;
  const label = (): string =>
    `Show ${formatCount(Math.min(chunk, total - shown))} more of ${formatCount(total - shown)} tokens`;
  const more = button(label(), { class: 'secondary more' }, () => {
    append(shown);
    shown += chunk;
    if (shown >= total) more.remove();
    else setText(more, label());
  });
  return [more, note];
}
