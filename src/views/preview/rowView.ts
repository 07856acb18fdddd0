import { formatCount } from '../../run/format';
import type { PreviewRow, ReadableRow } from '../../run/preview';
import { button, element } from '../page/element';
import { TableView, TextView } from './tokensView';

/** A row of more tokens is only laid out while it is in view. */
const longRow = 300;

/** One row: its place, what becomes of it, its tokens. */
export class RowView {
  readonly root: HTMLElement;
  constructor(
    readonly row: PreviewRow,
    private readonly isTable: boolean,
    openRow: (row: number) => void,
  ) {
    const id = `row-${row.row}`;
    const place = row.line === null ? 'Open in the file' : `Open line ${formatCount(row.line)}`;
    const open = button(place, { class: 'link', 'aria-label': `${place}, row ${row.row}` }, () => openRow(row.row));
    const isLong = row.problem === null && row.tokens.length > longRow;
    const marks = marksOf(row).map(({ tone, sign, text }) =>
      element(
        'p',
        { class: 'mark', 'data-tone': tone },
        element('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
        ` ${text}`,
      ),
    );
    const head = element(
      'div',
      { class: 'row-head' },
      element('h3', { id }, `Row ${formatCount(row.row)}`),
      element('span', { class: 'note' }, row.problem === null ? countsOf(row) : ''),
      open,
    );
    this.root = element(
      'article',
      { class: isLong ? 'row long' : 'row', tabindex: -1, 'aria-labelledby': id },
      head,
      ...marks,
    );
    if (row.problem === null) this.root.append((isTable ? new TableView(row) : new TextView(row)).root);
  }

  /** Whether this is what a row would look like, so that it need not be drawn anew. */
  shows(row: PreviewRow, isTable: boolean): boolean {
    return isTable === this.isTable && JSON.stringify(row) === JSON.stringify(this.row);
  }
}

function countsOf({ length, supervised }: ReadableRow): string {
  return `${formatCount(length)} ${length === 1 ? 'token' : 'tokens'}, ${formatCount(supervised)} learnt`;
}

interface Mark {
  readonly tone: 'plain' | 'warning' | 'bad';
  readonly sign: string;
  readonly text: string;
}

function marksOf(row: PreviewRow): readonly Mark[] {
  if (row.problem !== null) {
    const { message, hint } = row.problem;
    return [{ tone: 'bad', sign: '✕', text: hint === null ? message : `${message} ${hint}` }];
  }
  const marks: Mark[] = [];
  if (row.supervised === 0) {
    marks.push({ tone: 'bad', sign: '✕', text: 'Nothing in this row is learnt: training leaves it out.' });
  }
  const cut = row.length - row.seen;
  if (cut > 0) {
    const lost = row.tokens.slice(row.seen).filter(({ supervised }) => supervised).length;
    const answer = lost === 0 ? '' : ` ${formatCount(lost)} of them would have been learnt.`;
    const text = `Longer than max_length: the last ${formatCount(cut)} tokens are cut off.${answer}`;
    marks.push({ tone: 'warning', sign: '✂', text });
  }
  if (row.isEvaluation) marks.push({ tone: 'plain', sign: '○', text: 'Set aside to measure with: never trained on.' });
  return marks;
}
