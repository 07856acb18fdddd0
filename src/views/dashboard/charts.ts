import { formatCount, formatNumber } from '../../run/format';
import { ChartGestures } from './chartGestures';
import { nearest } from './decimate';
import { element, setText } from '../page/element';
import { healthBands, healthOf, normText } from './gradHealth';
import { legend } from './legend';
import { Plot } from './plot';
import { lossContent, normContent, rateContent } from './series';
import type { ShownRun } from './shownRun';
import { pan, reveal, zoom } from './span';
import type { Span } from './span';
import type { Theme } from './theme';
import { healthWords } from './words';

/** What the charts show: one run, maybe a second one over it. */
export interface Shown {
  readonly main: ShownRun;
  readonly overlay: ShownRun | undefined;
  readonly logScale: boolean;
}

const instructions =
  'Arrow keys move along the steps, Page Up and Page Down by a tenth, plus and minus zoom, Shift with arrows moves the view, 0 shows all.';

/** The three charts over the same steps, with one cursor through all of them. */
export class Charts {
  readonly lossFrame = element('div', {
    class: 'plot plot-loss',
    tabindex: 0,
    role: 'slider',
    'aria-label': `Loss chart. ${instructions}`,
  });
  readonly readout = element('p', { class: 'readout' });
  readonly legend = element('ul', { class: 'legend', 'aria-label': 'Lines of the loss chart' });
  readonly rateFrame = element('div', { class: 'plot', role: 'img' });
  readonly normFrame = element('div', { class: 'plot', role: 'img' });
  readonly normVerdict = element('p', { class: 'note' });
  readonly plots: Readonly<Record<'loss' | 'rate' | 'norm', Plot>>;
  private shown: Shown | undefined;
  private cursor: number | undefined;
  private redrawing: number | undefined;
  /** Undefined shows everything and follows the run. */
  private chosen: Span | undefined;

  constructor(
    private theme: Theme,
    private readonly onSpan: () => void,
  ) {
    const plotIn = (frame: HTMLElement): Plot => {
      const canvas = element('canvas', { 'aria-hidden': 'true' });
      frame.append(canvas);
      return new Plot(canvas, theme, () => this.resized());
    };
    this.plots = { loss: plotIn(this.lossFrame), rate: plotIn(this.rateFrame), norm: plotIn(this.normFrame) };
    new ChartGestures(this).listen();
  }

  get isZoomed(): boolean {
    return this.chosen !== undefined;
  }

  useTheme(theme: Theme): void {
    this.theme = theme;
    for (const plot of Object.values(this.plots)) plot.useTheme(theme);
  }

  /** Draws everything anew. */
  render(shown: Shown): void {
    this.shown = shown;
    const { main, overlay, logScale } = shown;
    const { loss, rate, norm } = this.plots;
    const view = { span: this.span, logScale, theme: this.theme };
    loss.show(lossContent(main, overlay, { ...view, width: loss.width }));
    rate.show(rateContent(main, overlay, { ...view, width: rate.width }));
    norm.show(normContent(main, overlay, { ...view, width: norm.width }));
    this.legend.replaceChildren(...legend(main, overlay));
    this.describe(main);
    this.showCursor();
  }

  zoom(factor: number, anchor?: number): void {
    const { all, span } = this;
    const middle = anchor ?? this.cursor ?? (span.from + span.to) / 2;
    this.choose(zoom(span, all, factor, Math.min(span.to, Math.max(span.from, middle))));
  }

  pan(share: number): void {
    if (this.chosen !== undefined) this.choose(pan(this.chosen, this.all, share));
  }

  showAll(): void {
    this.choose(undefined);
  }

  /** Moves the cursor to the step nearest to `step`; undefined takes it away. */
  point(step: number | undefined): void {
    const steps = this.shown?.main.table.column('step');
    const at = step === undefined || steps === undefined ? -1 : nearest(steps, step);
    this.cursor = at < 0 ? undefined : steps![at];
    if (this.cursor !== undefined && this.chosen !== undefined) {
      const moved = reveal(this.chosen, this.all, this.cursor);
      if (moved !== this.chosen) this.choose(moved);
    }
    this.showCursor();
  }

  /** Moves the cursor by steps; without one it starts at the end. */
  movePointer(by: number): void {
    this.point(this.cursor === undefined ? this.all.to : this.cursor + by);
  }

  /** All steps of both runs. */
  get all(): Span {
    const ends = [this.shown?.main, this.shown?.overlay].map((run) => run?.table.last('step') ?? 0);
    return { from: 1, to: Math.max(10, ...ends) };
  }

  get span(): Span {
    return this.chosen ?? this.all;
  }

  /** Lines have as many corners as their plot has pixels: in a page that opens unseen these are none. */
  private resized(): void {
    this.redrawing ??= requestAnimationFrame(() => {
      this.redrawing = undefined;
      if (this.shown !== undefined) this.render(this.shown);
    });
  }

  private choose(span: Span | undefined): void {
    const { all } = this;
    const isAll = span !== undefined && span.from <= all.from && span.to >= all.to;
    this.chosen = isAll ? undefined : span;
    this.onSpan();
  }

  private showCursor(): void {
    for (const plot of Object.values(this.plots)) plot.showCursor(this.cursor);
    const text = this.readoutText();
    setText(this.readout, text);
    const { lossFrame } = this;
    const { from, to } = this.all;
    lossFrame.setAttribute('aria-valuemin', String(from));
    lossFrame.setAttribute('aria-valuemax', String(to));
    lossFrame.setAttribute('aria-valuenow', String(this.cursor ?? to));
    lossFrame.setAttribute('aria-valuetext', text);
  }

  private readoutText(): string {
    if (this.shown === undefined) return '';
    const { main, overlay } = this.shown;
    const own = valuesAt(main, this.cursor);
    if (own === undefined) return 'No step yet.';
    const other = overlay === undefined || this.cursor === undefined ? undefined : valuesAt(overlay, this.cursor);
    return other === undefined ? own : `${own}   |   ${overlay!.runName}: ${other}`;
  }

  private describe({ table }: ShownRun): void {
    const rate = table.last('learning_rate');
    const norms = table.column('grad_norm');
    const norm = table.last('grad_norm');
    const verdict = healthWords[healthOf(norms, healthBands(norms))];
    setText(this.normVerdict, verdict);
    const now = (value: number | undefined): string => (value === undefined ? 'none yet' : `now ${normText(value)}`);
    this.rateFrame.setAttribute('aria-label', `Learning rate by step, ${now(rate)}`);
    this.normFrame.setAttribute('aria-label', `Gradient norm by step, ${now(norm)}. ${verdict}`);
  }
}

/** The numbers of a step, or of the last one. */
function valuesAt({ table, state }: ShownRun, step: number | undefined): string | undefined {
  const steps = table.column('step');
  const at = step === undefined ? table.length - 1 : nearest(steps, step);
  if (at < 0) return undefined;
  const evaluated = state.evals.find((event) => event.step === steps[at]);
  return [
    `Step ${formatCount(steps[at]!)}`,
    `loss ${formatNumber(table.column('loss')[at]!)}`,
    `smoothed ${formatNumber(table.smoothed()[at]!)}`,
    ...(evaluated === undefined ? [] : [`evaluation ${formatNumber(evaluated.eval_loss)}`]),
    `learning rate ${formatNumber(table.column('learning_rate')[at]!)}`,
    `gradient norm ${normText(table.column('grad_norm')[at]!)}`,
  ].join(' · ');
}
