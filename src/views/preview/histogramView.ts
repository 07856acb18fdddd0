import { formatCount } from '../../run/format';
import { element, svgElement } from '../page/element';
import { roundWidth } from './histogram';
import type { Bin } from './histogram';

/** What one histogram shows. */
export interface HistogramContent {
  readonly bins: readonly Bin[];
  /** A line at this value, and what it is. */
  readonly limit: { readonly at: number; readonly label: string } | undefined;
  /** Whether the first bar is one to be afraid of: it stands apart and is drawn otherwise. */
  readonly firstIsBad: boolean;
  /** What is to be seen, in words. */
  readonly summary: string;
}

const height = 132;
const bottom = 20;
const top = 16;
/** CSS pixels between the first bar and the others where it stands apart. */
const apart = 10;

/** Bars, drawn anew for every width; the same numbers as a table. */
export class HistogramView {
  readonly root: HTMLElement;
  private readonly picture = element('div', { class: 'histogram' });
  private readonly summary = element('p', { class: 'note' });
  private readonly body = element('tbody');
  private content: HistogramContent | undefined;
  private width = 0;

  constructor(id: string, title: string, unit: string) {
    const heads = [unit, 'Rows'].map((name) => element('th', { scope: 'col', class: 'number' }, name));
    const caption = element('caption', { class: 'unseen' }, title);
    this.root = element(
      'section',
      { class: 'card', 'aria-labelledby': id },
      element('h2', { id }, title),
      this.summary,
      this.picture,
      element(
        'details',
        {},
        element('summary', { class: 'note' }, 'As a table'),
        element('table', {}, caption, element('thead', {}, element('tr', {}, ...heads)), this.body),
      ),
    );
    new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry!.contentRect.width);
      this.draw();
    }).observe(this.picture);
  }

  render(content: HistogramContent): void {
    this.content = content;
    this.summary.textContent = content.summary;
    this.body.replaceChildren(
      ...content.bins
        .filter(({ count }) => count > 0)
        .map((bin) =>
          element(
            'tr',
            {},
            element('th', { scope: 'row', class: 'number' }, rangeText(bin)),
            element('td', { class: 'number' }, formatCount(bin.count)),
          ),
        ),
    );
    this.draw();
  }

  private draw(): void {
    const { content, width } = this;
    if (content === undefined || width === 0) return;
    const scale = new Scale(content, width);
    const most = Math.max(1, ...content.bins.map(({ count }) => count));
    const bars = content.bins.map((bin, at) => {
      const size = bin.count === 0 ? 0 : Math.max(2, ((height - bottom - top) * bin.count) / most);
      const isBad = content.firstIsBad && at === 0;
      const isCut = content.limit !== undefined && bin.from > content.limit.at;
      const bar = svgElement('rect', {
        class: isBad ? 'bar bad' : isCut ? 'bar cut-bar' : 'bar',
        x: scale.start(at),
        y: height - bottom - size,
        width: Math.max(1, scale.barWidth - 1),
        height: size,
      });
      bar.append(svgElement('title', {}, document.createTextNode(`${rangeText(bin)}: ${formatCount(bin.count)} rows`)));
      return bar;
    });
    const axis = svgElement('line', { class: 'axis', x1: 0, x2: width, y1: height - bottom, y2: height - bottom });
    this.picture.replaceChildren(
      svgElement(
        'svg',
        { role: 'img', 'aria-label': content.summary, width, height, viewBox: `0 0 ${width} ${height}` },
        axis,
        ...bars,
        ...this.limitLine(content, scale, width),
        ...this.labels(content, scale, most),
      ),
    );
  }

  private limitLine({ limit }: HistogramContent, scale: Scale, width: number): readonly Node[] {
    if (limit === undefined) return [];
    const isBeyond = limit.at >= scale.end;
    const x = isBeyond ? width - 1 : scale.valueAt(limit.at + 1);
    const isRight = x > width / 2;
    const text = isBeyond ? `${limit.label} →` : limit.label;
    const label = svgElement(
      'text',
      { class: 'limit-label', x: isRight ? x - 4 : x + 4, y: 11, 'text-anchor': isRight ? 'end' : 'start' },
      document.createTextNode(text),
    );
    if (isBeyond) return [label];
    return [svgElement('line', { class: 'limit', x1: x, x2: x, y1: 0, y2: height - bottom }), label];
  }

  private labels({ bins, firstIsBad }: HistogramContent, scale: Scale, most: number): readonly Node[] {
    const text = (x: number, y: number, anchor: string, content: string): Node =>
      svgElement('text', { x, y, 'text-anchor': anchor }, document.createTextNode(content));
    const step = roundWidth((scale.end - scale.begin) / 4);
    const found: Node[] = [];
    if (firstIsBad) found.push(text(scale.start(0), height - 6, 'start', '0'));
    for (let value = firstIsBad ? step : 0; value < scale.end; value += step) {
      found.push(text(scale.valueAt(value), height - 6, value === 0 ? 'start' : 'middle', formatCount(value)));
    }
    if (firstIsBad && bins[0]!.count > 0 && bins[0]!.count < most) {
      found.push(text(scale.start(0), 11, 'start', formatCount(bins[0]!.count)));
    }
    return found;
  }
}

/** Where values lie across the picture, in CSS pixels. */
class Scale {
  readonly barWidth: number;
  readonly begin: number;
  /** The first value that has no place any more. */
  readonly end: number;
  private readonly gap: number;
  private readonly binWidth: number;

  constructor({ bins, firstIsBad }: HistogramContent, width: number) {
    this.gap = firstIsBad ? apart : 0;
    this.barWidth = (width - this.gap) / bins.length;
    const regular = firstIsBad ? bins.slice(1) : bins;
    this.begin = regular[0]?.from ?? 0;
    this.binWidth =
      regular.length > 1 ? regular[1]!.from - this.begin : Math.max(1, (regular[0]?.to ?? 1) - this.begin + 1);
    this.end = this.begin + regular.length * this.binWidth;
  }

  start(bin: number): number {
    return bin * this.barWidth + (bin > 0 ? this.gap : 0);
  }

  valueAt(value: number): number {
    const first = this.gap === 0 ? 0 : this.barWidth + this.gap;
    return first + ((value - this.begin) / this.binWidth) * this.barWidth;
  }
}

function rangeText({ from, to }: Bin): string {
  if (to === Infinity) return `${formatCount(from)} and more`;
  return from === to ? formatCount(from) : `${formatCount(from)}–${formatCount(to)}`;
}
