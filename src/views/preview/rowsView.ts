import { formatCount } from '../../run/format';
import type { PreviewAbout, PreviewRow } from '../../run/preview';
import { element } from '../page/element';
import { RowView } from './rowView';

/** CSS pixels at the top that the controls may cover. */
const headRoom = 100;

function edges(root: Element): { readonly top: number; readonly bottom: number } {
  const { top, bottom } = root.getBoundingClientRect();
  return { top, bottom };
}

/** The rows of one page. A row that did not change stays as it is, with its focus and its place. */
export class RowsView {
  readonly root = element('div', { class: 'rows' });
  private views: readonly RowView[] = [];

  constructor(private readonly openRow: (row: number) => void) {}

  render(rows: readonly PreviewRow[], isTable: boolean): void {
    const before = new Map(this.views.map((view) => [view.row.row, view]));
    const anchor = this.anchor();
    const focused = this.views.find(({ root }) => root.contains(document.activeElement))?.row.row;
    this.views = rows.map((row) => {
      const known = before.get(row.row);
      return known?.shows(row, isTable) === true ? known : new RowView(row, isTable, this.openRow);
    });
    const shown = this.views.map(({ root }) => root);
    // Children are replaced one by one: taking all out would lose the focus and the place on the page.
    shown.forEach((root, at) => {
      const now = this.root.children[at];
      if (now === undefined) this.root.append(root);
      else if (now !== root) now.replaceWith(root);
    });
    while (this.root.children.length > shown.length) this.root.lastElementChild?.remove();
    if (focused !== undefined && !this.root.contains(document.activeElement)) {
      this.view(focused)?.root.focus({ preventScroll: true });
    }
    const now = anchor === undefined ? undefined : this.view(anchor.row)?.root;
    if (now !== undefined) window.scrollBy(0, now.getBoundingClientRect().top - anchor!.top);
  }

  /** The row that somebody reads, and where it is: it stays there, whatever becomes of the rows above. */
  private anchor(): { readonly row: number; readonly top: number } | undefined {
    const bottom = window.innerHeight;
    const places = this.views.map(({ row, root }) => ({ row: row.row, ...edges(root) }));
    const isFocused = (row: number): boolean => this.view(row)?.root.contains(document.activeElement) === true;
    const inView = places.filter((place) => place.bottom > headRoom && place.top < bottom);
    return inView.find(({ row }) => isFocused(row)) ?? inView[0];
  }

  /** Puts a row into view, and the keyboard on it. */
  reveal(row: number): void {
    this.scrollTo(row);
    this.view(row)?.root.focus({ preventScroll: true });
  }

  scrollTo(row: number): void {
    this.view(row)?.root.scrollIntoView({ block: 'start' });
  }

  private view(row: number): RowView | undefined {
    return this.views.find((view) => view.row.row === row);
  }
}

/** `Rows 0–9 of about 12,000` */
export function rangeText(about: PreviewAbout, rows: readonly PreviewRow[]): string {
  const first = rows[0]?.row;
  const last = rows.at(-1)?.row;
  if (first === undefined || last === undefined) return 'No rows';
  const range = first === last ? `Row ${formatCount(first)}` : `Rows ${formatCount(first)}–${formatCount(last)}`;
  return `${range} of ${countText(about)}`;
}

export function countText({ rowCount, rowCountIsExact }: PreviewAbout): string {
  return rowCountIsExact ? formatCount(rowCount) : `about ${formatCount(roundedCount(rowCount))}`;
}

/** An estimate in three digits: more would look exact. */
function roundedCount(count: number): number {
  return Number(count.toPrecision(3));
}
