import type { Plot } from './plot';

/** What pointers, wheel and keys can do with charts. */
export interface Navigable {
  readonly lossFrame: HTMLElement;
  readonly plots: Readonly<Record<string, Plot>>;
  readonly isZoomed: boolean;
  readonly all: { readonly from: number; readonly to: number };
  zoom(factor: number, anchor?: number): void;
  pan(share: number): void;
  showAll(): void;
  point(step: number | undefined): void;
  movePointer(by: number): void;
}

const zoomIn = 0.7;

/** Hover, wheel, drag, double-click and keys on the charts. */
export class ChartGestures {
  private drag: { readonly plot: Plot; x: number } | undefined;

  constructor(private readonly charts: Navigable) {}

  listen(): void {
    for (const plot of Object.values(this.charts.plots)) this.listenTo(plot);
    this.charts.lossFrame.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.pressed(event.key, event.shiftKey)) event.preventDefault();
    });
  }

  private listenTo(plot: Plot): void {
    const { canvas } = plot;
    const { charts } = this;
    canvas.addEventListener('pointermove', (event) => {
      if (this.drag !== undefined) this.dragTo(event.offsetX);
      else charts.point(plot.stepAt(event.offsetX));
    });
    canvas.addEventListener('pointerleave', () => charts.point(undefined));
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !charts.isZoomed) return;
      canvas.setPointerCapture(event.pointerId);
      this.drag = { plot, x: event.offsetX };
    });
    const drop = (): void => void (this.drag = undefined);
    canvas.addEventListener('pointerup', drop);
    canvas.addEventListener('pointercancel', drop);
    canvas.addEventListener('dblclick', () => charts.showAll());
    canvas.addEventListener('wheel', (event) => this.wheel(event, plot), { passive: false });
  }

  /** Without Ctrl or a chart that was clicked, the wheel scrolls the page as everywhere. */
  private wheel(event: WheelEvent, plot: Plot): void {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.charts.lossFrame) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.charts.pan(event.deltaX / plot.width);
    else this.charts.zoom(zoomIn ** (-event.deltaY / 200), plot.stepAt(event.offsetX));
  }

  private dragTo(x: number): void {
    const { plot, x: before } = this.drag!;
    this.drag!.x = x;
    this.charts.pan((before - x) / plot.width);
  }

  private pressed(key: string, shift: boolean): boolean {
    const { charts } = this;
    const tenth = Math.max(1, Math.round((charts.all.to - charts.all.from) / 10));
    const actions: Readonly<Record<string, () => void>> = {
      ArrowRight: () => (shift ? charts.pan(0.2) : charts.movePointer(1)),
      ArrowLeft: () => (shift ? charts.pan(-0.2) : charts.movePointer(-1)),
      PageUp: () => charts.movePointer(tenth),
      PageDown: () => charts.movePointer(-tenth),
      Home: () => charts.point(charts.all.from),
      End: () => charts.point(charts.all.to),
      '+': () => charts.zoom(zoomIn),
      '=': () => charts.zoom(zoomIn),
      '-': () => charts.zoom(1 / zoomIn),
      '0': () => charts.showAll(),
    };
    const action = actions[key];
    action?.();
    return action !== undefined;
  }
}
