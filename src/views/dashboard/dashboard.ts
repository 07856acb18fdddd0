import { defaultSmoothing } from '../../run/viewProtocol';
import type { DashboardMemory, FromDashboard, ToDashboard } from '../../run/viewProtocol';
import type { Bridge } from '../page/bridge';
import { element, setText } from '../page/element';
import { ChangesView } from './changesView';
import { Charts } from './charts';
import { ComparisonView } from './comparisonView';
import { Header } from './header';
import { NumbersView } from './numbersView';
import { chartsAsPng } from './picture';
import { ShownRun } from './shownRun';
import { EventsView, SamplesView } from './storyViews';
import { onThemeChange, readTheme } from './theme';
import { Toolbar } from './toolbar';

/** The page: takes messages, keeps what they say, draws at most once a frame. */
export class Dashboard {
  private main: ShownRun | undefined;
  private overlay: ShownRun | undefined;
  private overlayFolder: string | null;
  private logScale: boolean;
  private smoothing: number;
  private frame: number | undefined;
  /** Set while the page waits for the run after it missed something. */
  private isWaiting = false;
  /** What to bring into view as soon as it is drawn. */
  private toReveal: 'changes' | undefined;
  private theme = readTheme();
  private readonly header = new Header((control) => this.bridge.post({ type: control }));
  private readonly charts = new Charts(this.theme, () => this.changed());
  private readonly changes = new ChangesView(() => this.bridge.post({ type: 'showAdapter' }));
  private readonly comparison = new ComparisonView();
  private readonly samples = new SamplesView();
  private readonly events = new EventsView();
  private readonly numbers = new NumbersView();
  private readonly toolbar: Toolbar;
  private readonly problem = element('p', { class: 'problem', role: 'alert', hidden: true });
  private readonly loading = element('h1', {}, 'Reading the run…');
  private readonly content = element('div', { class: 'content', hidden: true });

  constructor(
    root: HTMLElement,
    private readonly bridge: Bridge<FromDashboard, DashboardMemory>,
    memory: DashboardMemory | undefined,
  ) {
    this.overlayFolder = memory?.overlay ?? null;
    this.logScale = memory?.logScale ?? false;
    this.smoothing = memory?.smoothing ?? defaultSmoothing;
    this.toolbar = this.makeToolbar();
    this.toolbar.offer([], null);
    this.content.append(this.header.root, this.changes.root, this.lossCard(), this.smallCharts(), ...this.cards());
    root.append(this.problem, this.loading, this.content);
    onThemeChange(() => this.themeChanged());
    this.askForAll();
  }

  receive(message: ToDashboard): void {
    switch (message.type) {
      case 'hydrate': {
        const run = new ShownRun(message, this.smoothing);
        this.isWaiting = false;
        if (message.slot === 'main') this.main = run;
        else if (message.folder === this.overlayFolder) this.overlay = run;
        this.tell('');
        this.remember();
        break;
      }
      case 'append': {
        const run = message.slot === 'main' ? this.main : this.overlay;
        if (run?.append(message) === false && !this.isWaiting) this.askForAll();
        break;
      }
      case 'cleared':
        if (message.slot === 'overlay') this.overlay = undefined;
        break;
      case 'choices':
        this.toolbar.offer(message.runs, this.overlayFolder);
        break;
      case 'reveal':
        this.toReveal = message.part;
        break;
      case 'problem':
        this.tell(message.message);
    }
    this.changed();
  }

  private askForAll(): void {
    this.isWaiting = true;
    this.bridge.post({ type: 'ready', overlay: this.overlayFolder });
  }

  private changed(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.render();
    });
  }

  private render(): void {
    const { main, overlay, logScale, smoothing } = this;
    if (main === undefined) return;
    this.loading.hidden = true;
    this.content.hidden = false;
    this.header.render(main);
    this.changes.render(main);
    this.charts.render({ main, overlay, logScale });
    this.toolbar.render({ logScale, smoothing, overlay: this.overlayFolder, isZoomed: this.charts.isZoomed });
    this.comparison.render(main.state.plan);
    this.samples.render(main.state);
    this.events.render(main.state);
    this.numbers.render(main);
    if (this.toReveal === 'changes') this.changes.reveal();
    this.toReveal = undefined;
  }

  private makeToolbar(): Toolbar {
    const { charts } = this;
    return new Toolbar({
      zoom: (factor) => charts.zoom(factor),
      pan: (share) => charts.pan(share),
      showAll: () => charts.showAll(),
      setLogScale: (on) => this.set(() => (this.logScale = on)),
      setSmoothing: (halfLife) =>
        this.set(() => {
          this.smoothing = halfLife;
          this.main?.table.smooth(halfLife);
          this.overlay?.table.smooth(halfLife);
        }),
      compareWith: (folder) =>
        this.set(() => {
          this.overlayFolder = folder;
          this.overlay = undefined;
          this.bridge.post({ type: 'overlay', folder });
        }),
      exportPng: () => void this.exportPng(),
      exportCsv: () => this.bridge.post({ type: 'exportCsv' }),
    });
  }

  private set(change: () => void): void {
    change();
    this.remember();
    this.changed();
  }

  private remember(): void {
    if (this.main === undefined) return;
    const { overlayFolder: overlay, logScale, smoothing } = this;
    this.bridge.remember({ folder: this.main.folder, overlay, logScale, smoothing });
  }

  private themeChanged(): void {
    this.theme = readTheme();
    this.charts.useTheme(this.theme);
    this.changed();
  }

  private async exportPng(): Promise<void> {
    const { loss, rate, norm } = this.charts.plots;
    const parts = [
      { title: 'Loss', canvas: loss.canvas },
      { title: 'Learning rate', canvas: rate.canvas },
      { title: 'Gradient norm', canvas: norm.canvas },
    ];
    try {
      this.bridge.post({ type: 'exportPng', png: await chartsAsPng(this.main?.name ?? '', parts, this.theme) });
    } catch (error) {
      this.tell(error instanceof Error ? error.message : String(error));
    }
  }

  private tell(problem: string): void {
    this.problem.hidden = problem === '';
    setText(this.problem, problem);
    if (problem !== '') setText(this.loading, 'There is nothing to show');
  }

  private lossCard(): HTMLElement {
    const { charts } = this;
    const hint = 'Click the chart, then scroll or press + and − to zoom, drag to move, 0 for all.';
    return element(
      'section',
      { class: 'card', 'aria-labelledby': 'loss-title' },
      element('div', { class: 'card-head' }, element('h2', { id: 'loss-title' }, 'Loss'), charts.legend),
      element('p', { class: 'note' }, 'How wrong the model’s guesses are. Falling is learning.'),
      this.toolbar.root,
      charts.readout,
      charts.lossFrame,
      element('p', { class: 'note hint' }, hint),
    );
  }

  private smallCharts(): HTMLElement {
    const { charts } = this;
    const card = (id: string, title: string, ...children: readonly Node[]): HTMLElement =>
      element('section', { class: 'card', 'aria-labelledby': id }, element('h2', { id }, title), ...children);
    const rateNote = element('p', { class: 'note' }, 'How large each step’s correction may be.');
    return element(
      'div',
      { class: 'pair' },
      card('rate-title', 'Learning rate', rateNote, charts.rateFrame),
      card('norm-title', 'Gradient norm', charts.normVerdict, charts.normFrame),
    );
  }

  private cards(): readonly HTMLElement[] {
    const story = element('div', { class: 'pair' }, this.samples.root, this.events.root);
    return [this.comparison.root, story, this.numbers.root];
  }
}
