import { formatCount, formatPercent } from '../../run/format';
import type { PreviewAbout, PreviewSample } from '../../run/preview';
import type { ShownProblem } from '../../run/previewProtocol';
import { button, element, setText } from '../page/element';
import { histogram, lastLength, quantile } from './histogram';
import type { Bin } from './histogram';
import { HistogramView } from './histogramView';
import { countText } from './rowsView';

const figures = ['Rows', 'Tokens a row', 'Learnt a row', 'Rows cut', 'Nothing learnt'] as const;
type Figure = (typeof figures)[number];

/** What the rows are like as a whole: figures, two histograms, and what would stop the training. */
export class SampleView {
  readonly root: HTMLElement;
  private readonly values: Readonly<Record<Figure, HTMLElement>>;
  private readonly verdict = element('p', { class: 'mark', hidden: true });
  private readonly problem = element('p', { class: 'problem', hidden: true });
  private readonly basis = element('p', { class: 'note' });
  private readonly lengths = new HistogramView('lengths-title', 'How long the rows are', 'Tokens in a row');
  private readonly learnt = new HistogramView('learnt-title', 'How much is learnt', 'Learnt tokens in a row');
  private readonly charts: HTMLElement;

  constructor(private readonly openPlace: () => void) {
    this.values = Object.fromEntries(figures.map((name) => [name, element('dd')])) as Record<Figure, HTMLElement>;
    const list = figures.map((name) => element('div', {}, element('dt', {}, name), this.values[name]));
    this.charts = element('div', { class: 'pair', hidden: true }, this.lengths.root, this.learnt.root);
    this.root = element(
      'section',
      { class: 'sample', 'aria-label': 'All rows at a glance' },
      this.problem,
      element('dl', { class: 'figures' }, ...list),
      this.verdict,
      this.charts,
      this.basis,
    );
  }

  render(about: PreviewAbout, sample: PreviewSample | undefined, problem: ShownProblem | null): void {
    setText(this.values.Rows, countText(about));
    const count = sample?.lengths.length ?? 0;
    this.charts.hidden = count === 0;
    this.renderProblem(problem);
    if (sample === undefined || count === 0) {
      for (const name of figures.slice(1)) setText(this.values[name], '–');
      this.verdict.hidden = true;
      return;
    }
    const shares = sharesOf(sample, about.maxLength);
    setText(this.values['Tokens a row'], usualAndMost(sample.lengths));
    setText(this.values['Learnt a row'], usualAndMost(sample.supervised));
    setText(this.values['Rows cut'], formatPercent(100 * shares.cut));
    setText(this.values['Nothing learnt'], formatPercent(100 * shares.nothing));
    this.renderVerdict(shares, about.maxLength);
    this.renderCharts(sample, about.maxLength, shares);
    setText(this.basis, basisText(sample, count));
  }

  private renderProblem(problem: ShownProblem | null): void {
    this.problem.hidden = problem === null;
    if (problem === null) return;
    const { message, hint, place } = problem;
    const text = `Training would stop here: ${message} ${hint ?? ''} `;
    const link = place === null ? [] : [button(`Open ${place}`, { class: 'link' }, this.openPlace)];
    this.problem.replaceChildren(text, ...link);
  }

  private renderVerdict({ nothing, cut }: Shares, maxLength: number): void {
    const share = formatPercent(100 * nothing);
    const because =
      cut > 0 ? `Raise dataset.max_length (${maxLength}) or shorten the prompts` : 'Check dataset.columns';
    this.verdict.hidden = nothing < 0.01;
    this.verdict.dataset['tone'] = nothing === 1 ? 'bad' : 'warning';
    const text =
      nothing === 1
        ? `✕ Nothing is learnt from any of these rows. ${because}.`
        : `▲ ${share} of the rows teach nothing: no token of theirs is learnt, and training leaves them out. ${because}.`;
    setText(this.verdict, text);
  }

  private renderCharts({ lengths, supervised }: PreviewSample, maxLength: number, { nothing }: Shares): void {
    const most = quantile(supervised, 0.99);
    const zero: Bin = { from: 0, to: 0, count: supervised.filter((count) => count === 0).length };
    this.lengths.render({
      bins: histogram(lengths, 0, lastLength(lengths, maxLength)),
      limit: { at: maxLength, label: `max_length ${formatCount(maxLength)}` },
      firstIsBad: false,
      summary: lengthSummary(lengths, maxLength),
    });
    this.learnt.render({
      bins: [zero, ...histogram(supervised, 1, Math.max(1, most))],
      limit: undefined,
      firstIsBad: true,
      summary:
        zero.count === 0
          ? 'Something is learnt in every row.'
          : `Nothing is learnt in ${formatCount(zero.count)} of ${formatCount(supervised.length)} rows (${formatPercent(100 * nothing)}): the bar at 0.`,
    });
  }
}

interface Shares {
  readonly cut: number;
  readonly nothing: number;
}

export function sharesOf({ lengths, supervised }: PreviewSample, maxLength: number): Shares {
  return {
    cut: lengths.filter((length) => length > maxLength).length / lengths.length,
    nothing: supervised.filter((count) => count === 0).length / supervised.length,
  };
}

function usualAndMost(values: readonly number[]): string {
  const most = values.reduce((larger, value) => Math.max(larger, value), 0);
  return `${formatCount(quantile(values, 0.5))} (up to ${formatCount(most)})`;
}

function lengthSummary(lengths: readonly number[], maxLength: number): string {
  const cut = lengths.filter((length) => length > maxLength).length;
  if (cut === 0) return `All rows fit into max_length (${formatCount(maxLength)} tokens).`;
  return `${formatCount(cut)} of ${formatCount(lengths.length)} rows are longer than max_length (${formatCount(maxLength)} tokens) and are cut there.`;
}

function basisText({ isDone, isWhole, broken }: PreviewSample, count: number): string {
  const rows = `${formatCount(count)} ${count === 1 ? 'row' : 'rows'}`;
  const left = broken === 0 ? '' : ` ${formatCount(broken)} more cannot be used.`;
  if (!isDone) return `Looking at the rows: ${rows} so far.${left}`;
  return isWhole
    ? `From all ${rows} that are trained on.${left}`
    : `From a sample of ${rows} out of those that are trained on.${left}`;
}
