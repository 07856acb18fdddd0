import type { RunSummary } from '../../run/answers';
import type { RunState } from '../../run/runState';
import type { FromDashboard, RunChoice, ToDashboard } from '../../run/viewProtocol';
import type { Clock } from './coalesce';
import { csvOf } from './csv';
import { problemText } from './problemText';
import { RunFeed } from './runFeed';
import type { RunSource } from './runSource';

/** What a page needs of the editor around it. */
export interface PageHost {
  /** Asks the user where to, and writes the file. */
  save(suggestedName: string, content: Uint8Array): Promise<void>;
  /** Shows the run's adapter, an absolute path, among the others. */
  showAdapter(folder: string): Promise<void>;
  /** The run's name is known. */
  named(name: string): void;
}

/** One dashboard without VS Code: answers its page's messages and keeps its runs current. */
export class DashboardFeed {
  private readonly main: RunFeed;
  private overlay: RunFeed | undefined;
  private isReady = false;
  private toReveal: 'changes' | undefined;

  constructor(
    readonly folder: string,
    private readonly source: RunSource,
    private readonly post: (message: ToDashboard) => void,
    private readonly clock: Clock,
    private readonly host: PageHost,
  ) {
    this.main = new RunFeed('main', folder, source, post, clock);
  }

  /** Reacts to a message of the page; what goes wrong is told on the page. */
  async receive(message: FromDashboard): Promise<void> {
    try {
      await this.react(message);
    } catch (error) {
      this.post({ type: 'problem', message: problemText(error) });
    }
  }

  /** Brings a part of the page into view, as soon as the page has it. */
  reveal(part: 'changes'): void {
    this.toReveal = part;
    if (this.isReady) this.tellReveal();
  }

  /** The page is hidden and forgets everything; when it is shown again it says that it is ready. */
  hidden(): void {
    this.isReady = false;
    this.main.suspend();
    this.overlay?.suspend();
  }

  dispose(): void {
    this.main.dispose();
    this.overlay?.dispose();
  }

  private async react(message: FromDashboard): Promise<void> {
    switch (message.type) {
      case 'ready':
        await this.main.hydrate();
        this.isReady = true;
        if (this.main.name !== undefined) this.host.named(this.main.name);
        this.tellReveal();
        this.post({ type: 'choices', runs: choices(await this.source.runs(), this.folder) });
        return this.showOverlay(message.overlay);
      case 'overlay':
        return this.showOverlay(message.folder);
      case 'stop':
      case 'pause':
      case 'resume':
        this.source[message.type](this.folder);
        return;
      case 'showAdapter': {
        const adapter = (await this.state()).finished?.adapter;
        if (adapter !== undefined) await this.host.showAdapter(adapter);
        return;
      }
      case 'exportPng':
        return this.host.save(`${nameOf(this.folder)}.png`, message.png);
      case 'exportCsv':
        return this.host.save(`${nameOf(this.folder)}.csv`, new TextEncoder().encode(csvOf(await this.state())));
    }
  }

  private tellReveal(): void {
    if (this.toReveal !== undefined) this.post({ type: 'reveal', part: this.toReveal });
    this.toReveal = undefined;
  }

  private async showOverlay(folder: string | null): Promise<void> {
    if (this.overlay?.folder !== folder) {
      this.overlay?.dispose();
      this.overlay = undefined;
      if (folder === null) this.post({ type: 'cleared', slot: 'overlay' });
    }
    if (folder === null) return;
    this.overlay ??= new RunFeed('overlay', folder, this.source, this.post, this.clock);
    await this.overlay.hydrate();
  }

  private async state(): Promise<RunState> {
    return this.source.state(this.folder) ?? (await this.source.load(this.folder));
  }
}

/** Other runs, as a list to choose from. */
function choices(runs: readonly RunSummary[], own: string): readonly RunChoice[] {
  return runs
    .filter(({ folder, step }) => folder !== own && step > 0)
    .map(({ folder, name, started, step }) => ({
      folder,
      label: `${name}, ${started.slice(0, 16).replace('T', ' ')}, ${step} steps`,
    }));
}

function nameOf(folder: string): string {
  return folder.split(/[\\/]/).at(-1) ?? 'run';
}
