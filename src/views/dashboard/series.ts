import { decimate } from './decimate';
import type { Point } from './decimate';
import { healthBands } from './gradHealth';
import type { PlotContent } from './plot';
import type { ShownRun } from './shownRun';
import type { Span } from './span';
import type { Theme } from './theme';

/** What the charts show, beside the runs. */
export interface ChartView {
  readonly span: Span;
  readonly logScale: boolean;
  readonly theme: Theme;
  /** CSS pixels across. */
  readonly width: number;
}

/** Loss: raw and thin, smoothed, on evaluation data, and the same of the run laid over. */
export function lossContent(main: ShownRun, overlay: ShownRun | undefined, view: ChartView): PlotContent {
  const { theme, span, logScale } = view;
  const shown = (points: readonly Point[]): readonly Point[] => (logScale ? points.filter(({ y }) => y > 0) : points);
  const smooth = (run: ShownRun): readonly Point[] => shown(line(run, run.table.smoothed(), view));
  const evals = (run: ShownRun): readonly Point[] =>
    shown(run.state.evals.map((at) => ({ x: at.step, y: at.eval_loss })));
  const over =
    overlay === undefined
      ? []
      : [
          { points: smooth(overlay), color: theme.overlay, width: 2, dash: [6, 4] },
          { points: evals(overlay), color: theme.overlay, width: 0, dots: true },
        ];
  const raw = { points: shown(line(main, main.table.column('loss'), view)), color: faded(theme.loss, theme), width: 1 };
  return {
    span,
    logScale,
    lines: [
      { points: evals(main), color: theme.evaluation, width: 1.5, dots: true },
      { points: smooth(main), color: theme.loss, width: 2.25 },
      ...over,
      raw,
    ],
  };
}

export function rateContent(main: ShownRun, overlay: ShownRun | undefined, view: ChartView): PlotContent {
  return { span: view.span, lines: plainLines('learning_rate', view.theme.rate, main, overlay, view) };
}

/** The gradient norm over bands that tell whether it is healthy; both are multiples, so that the axis is logarithmic. */
export function normContent(main: ShownRun, overlay: ShownRun | undefined, view: ChartView): PlotContent {
  const bands = healthBands(main.table.column('grad_norm'));
  const { theme, span } = view;
  return {
    span,
    logScale: true,
    lines: plainLines('grad_norm', theme.loss, main, overlay, view),
    ...(bands === undefined
      ? {}
      : {
          bands: [
            { from: bands.usual, color: theme.warning },
            { from: bands.jumpy, color: theme.danger },
          ],
        }),
  };
}

function plainLines(
  column: 'learning_rate' | 'grad_norm',
  color: string,
  main: ShownRun,
  overlay: ShownRun | undefined,
  view: ChartView,
): PlotContent['lines'] {
  const own = { points: line(main, main.table.column(column), view), color, width: 1.5 };
  if (overlay === undefined) return [own];
  const points = line(overlay, overlay.table.column(column), view);
  return [{ points, color: view.theme.overlay, width: 1.5, dash: [6, 4] }, own];
}

function line({ table }: ShownRun, values: Float64Array, { span, width }: ChartView): readonly Point[] {
  return decimate(table.column('step'), values, span.from, span.to, Math.ceil(width));
}

/** A colour that steps back behind the smoothed line. */
function faded(color: string, { isHighContrast }: Theme): string {
  const share = isHighContrast ? 75 : 55;
  return `color-mix(in srgb, ${color} ${share}%, transparent)`;
}
