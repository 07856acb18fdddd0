import { Chart, LinearScale, LineController, LineElement, LogarithmicScale, PointElement } from 'chart.js';
import type { ChartConfiguration, ChartDataset, Plugin, Scale } from 'chart.js';
import type { Point } from './decimate';
import { formatCount, formatNumber } from '../../run/format';
import type { Span } from './span';
import type { Theme } from './theme';

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale);

/** One line, or with `dots` single points, ready to be drawn. */
export interface Drawn {
  readonly points: readonly Point[];
  readonly color: string;
  readonly width: number;
  readonly dash?: readonly number[];
  readonly dots?: boolean;
}

/** A band behind the lines, from `from` up to the next one or the top. */
export interface Band {
  readonly from: number;
  readonly color: string;
}

export interface PlotContent {
  readonly span: Span;
  readonly lines: readonly Drawn[];
  readonly bands?: readonly Band[];
  readonly logScale?: boolean;
}

type LineChart = Chart<'line', Point[]>;

/** One canvas with a chart over steps. Knows nothing of runs. */
export class Plot {
  private readonly chart: LineChart;
  private bands: readonly Band[] = [];
  private cursor: number | undefined;
  private theme: Theme;

  /** @param onResize is called when the canvas has another width than what is shown was made for */
  constructor(
    readonly canvas: HTMLCanvasElement,
    theme: Theme,
    onResize: () => void,
  ) {
    this.theme = theme;
    this.chart = new Chart(canvas, configuration([this.bandPlugin(), this.cursorPlugin()], onResize));
    this.useTheme(theme);
  }

  useTheme(theme: Theme): void {
    this.theme = theme;
    const font = { family: theme.fontFamily, size: 11 };
    for (const axis of ['x', 'y'] as const) {
      const scale = this.chart.options.scales![axis]!;
      scale.ticks = { ...scale.ticks, color: theme.muted, font };
      scale.grid = { color: theme.grid, drawTicks: false };
      scale.border = { display: false };
    }
  }

  show({ span, lines, bands = [], logScale = false }: PlotContent): void {
    const x = this.chart.options.scales!['x']!;
    x.min = span.from;
    x.max = span.to;
    const y = this.chart.options.scales!['y']!;
    const type = logScale ? 'logarithmic' : 'linear';
    if (y.type !== type) Object.assign(y, { type });
    this.bands = bands;
    this.chart.data.datasets = lines.map(dataset);
    this.chart.update('none');
  }

  /** Draws the upright line at a step on all that is there already. */
  showCursor(step: number | undefined): void {
    if (this.cursor === step) return;
    this.cursor = step;
    this.chart.draw();
  }

  /** The step under a horizontal position on the canvas, in CSS pixels. */
  stepAt(offsetX: number): number {
    return this.chart.scales['x']!.getValueForPixel(offsetX) ?? 0;
  }

  /** CSS pixels across. */
  get width(): number {
    return Math.max(1, this.chart.width);
  }

  private bandPlugin(): Plugin<'line'> {
    return {
      id: 'bands',
      beforeDatasetsDraw: ({ ctx, chartArea, scales }) => {
        const y = scales['y']!;
        for (const [at, { from, color }] of this.bands.entries()) {
          const above = this.bands[at + 1]?.from;
          const bottom = clamp(y.getPixelForValue(from), chartArea.top, chartArea.bottom);
          const top = above === undefined ? chartArea.top : clamp(y.getPixelForValue(above), chartArea.top, bottom);
          ctx.save();
          ctx.fillStyle = color;
          ctx.globalAlpha = this.theme.isHighContrast ? 0.3 : 0.11;
          ctx.fillRect(chartArea.left, top, chartArea.width, bottom - top);
          ctx.restore();
        }
      },
    };
  }

  private cursorPlugin(): Plugin<'line'> {
    return {
      id: 'cursor',
      afterDatasetsDraw: ({ ctx, chartArea, scales }) => {
        const x = this.cursor === undefined ? Number.NaN : scales['x']!.getPixelForValue(this.cursor);
        if (!(x >= chartArea.left && x <= chartArea.right)) return;
        ctx.save();
        ctx.strokeStyle = this.theme.foreground;
        ctx.setLineDash([3, 3]);
        ctx.beginPath();
        ctx.moveTo(x, chartArea.top);
        ctx.lineTo(x, chartArea.bottom);
        ctx.stroke();
        ctx.restore();
      },
    };
  }
}

function configuration(plugins: Plugin<'line'>[], onResize: () => void): ChartConfiguration<'line', Point[]> {
  return {
    type: 'line',
    data: { datasets: [] },
    plugins,
    options: {
      animation: false,
      responsive: true,
      onResize,
      maintainAspectRatio: false,
      // Points come decimated and in order; pointers are handled where the cursor is.
      parsing: false,
      normalized: true,
      events: [],
      scales: {
        x: {
          type: 'linear',
          ticks: {
            maxRotation: 0,
            autoSkipPadding: 24,
            includeBounds: false,
            callback: (value) => (Number.isInteger(value) ? formatCount(Number(value)) : ''),
          },
        },
        y: { type: 'linear', ticks: { maxTicksLimit: 6, callback: yLabel } },
      },
    },
  };
}

function dataset({ points, color, width, dash, dots = false }: Drawn): ChartDataset<'line', Point[]> {
  return {
    data: points as Point[],
    borderColor: color,
    backgroundColor: color,
    borderWidth: width,
    borderDash: [...(dash ?? [])],
    pointRadius: dots ? 3.5 : points.length === 1 ? 2 : 0,
    pointHitRadius: 0,
    // A point on the edge is drawn whole.
    clip: dots ? 5 : 0,
    // Cheap to draw where there are thousands of corners.
    borderJoinStyle: points.length > 500 ? 'bevel' : 'round',
  };
}

/** On a logarithmic axis only 1, 2 and 5 are named. */
function yLabel(this: Scale, tick: number | string): string {
  const value = Number(tick);
  if (this.type === 'logarithmic' && !/^[125](e|\.0*e)/.test(value.toExponential(6))) return '';
  return value === 0 ? '0' : formatNumber(value).replace(/\.?0+(e|$)/, '$1');
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
