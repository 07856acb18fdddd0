import path from 'node:path';
import type { OpenPlaygroundParams, PlaygroundColumn, PlaygroundModel } from '../../../run/playground';
import type {
  FromPlayground,
  PlaygroundSetup,
  RunKind,
  ShownAdapter,
  ShownNews,
  ShownPrompts,
  TalkStep,
  ToPlayground,
} from '../../../run/playgroundProtocol';
import type { AdapterFacts } from '../../adapters/adapterFacts';
import { Coalescer } from '../coalesce';
import type { Clock } from '../coalesce';
import { compareAdapters } from './comparison';
import { earlierTurns } from './earlierTurns';
import { playgroundProblem } from './playgroundProblem';
import { PlaygroundRun } from './playgroundRun';
import type { PlaygroundSource } from './playgroundSource';

/** What a playground needs of VS Code. */
export interface PlaygroundHost {
  isTrusted(): boolean;
  manageTrust(): void;
  /** Absolute paths of the workspace's adapters. */
  adapters(): PromiseLike<readonly string[]>;
  facts(folder: string): Promise<AdapterFacts>;
  /** A path as people know it. */
  shown(file: string): string;
  /** Asks for the base model's folder or file; undefined where the user left. */
  chooseBase(): Promise<string | undefined>;
  /** Asks for an adapter's folder that lies elsewhere. */
  chooseAdapter(): Promise<string | undefined>;
  readPrompts(): Promise<ShownPrompts>;
  writePrompts(prompts: readonly string[]): Promise<ShownPrompts>;
  openPrompts(): void;
  /** The model is known: the panel's title, and what is open again after a reload. */
  opened(model: PlaygroundModel): void;
}

/** Columns that a command asks for. */
export interface AskedColumns {
  readonly columns: readonly PlaygroundColumn[];
  /** In place of those that are there. */
  readonly replaces: boolean;
  /** Show what is known of the adapters, too. */
  readonly isComparison: boolean;
}

/** How many of the likeliest tokens are shown at each place. */
const likeliest = 5;

/** One playground without VS Code: answers its page's messages, has the engine write, and keeps what was written. */
export class PlaygroundFeed {
  private model: PlaygroundModel | undefined;
  private choices: readonly ShownAdapter[] = [];
  /** The workspace's adapters when they were last looked at. */
  private found = '';
  private readonly runs: Partial<Record<RunKind, PlaygroundRun>> = {};
  private active: PlaygroundRun | undefined;
  /** What the page was not told yet of the active run. */
  private untold: Coalescer<ShownNews> | undefined;
  private count = 0;
  private isShown = false;
  private asked: AskedColumns | undefined;
  private opening: Promise<void> | undefined;
  private compared: readonly string[] = [];

  constructor(
    private start: OpenPlaygroundParams,
    private readonly source: PlaygroundSource,
    private readonly host: PlaygroundHost,
    private readonly send: (message: ToPlayground) => void,
    private readonly clock: Clock,
  ) {}

  /** The base model's path, as far as it is known. */
  get baseModel(): string | null {
    return this.model?.path ?? this.start.baseModel;
  }

  /** Whether an adapter can be tried here. */
  knows(folder: string): boolean {
    return this.start.adapter === folder || this.choices.some((each) => each.folder === folder);
  }

  async receive(message: FromPlayground): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.isShown = true;
        return this.showAll();
      case 'write':
        return this.write('prompt', message.setup, [message.setup.prompt], message.step);
      case 'writeSet':
        return this.write('set', message.setup, message.prompts);
      case 'stop':
        this.active?.stop();
        return;
      case 'startOver':
        // A text that is being written belongs to the conversation that is there.
        if (this.active?.kind !== 'prompt') delete this.runs.prompt;
        return;
      case 'savePrompts':
        this.post({ type: 'prompts', ...(await this.host.writePrompts(message.prompts)) });
        return;
      case 'compare':
        this.compared = message.folders;
        return this.compare();
      case 'chooseBase':
        return this.chooseBase();
      case 'chooseAdapter':
        return this.chooseAdapter();
      case 'openPrompts':
        this.host.openPrompts();
        return;
      case 'retry':
        return this.open();
      case 'manageTrust':
        this.host.manageTrust();
        return;
    }
  }

  /** Shows columns, now or as soon as the page is there; the page says which have no room. */
  show(asked: AskedColumns): void {
    if (this.isShown && this.model !== undefined) this.post({ type: 'columns', ...asked });
    else this.asked = asked;
  }

  /** The adapters of the workspace are others, or the trust in it. */
  async changed(): Promise<void> {
    if (!this.isShown) return;
    if (this.model === undefined) return this.open();
    // Adapters change again and again while one is trained; asking for that would keep the model open for ever.
    const folders = (await this.host.adapters()).join('\n');
    if (folders === this.found) return;
    await this.findAdapters();
    await this.compare();
  }

  async promptsChanged(): Promise<void> {
    if (this.isShown && this.host.isTrusted()) this.post({ type: 'prompts', ...(await this.host.readPrompts()) });
  }

  /** The engine's process ended because nobody asked for anything. */
  freed(): void {
    this.post({ type: 'state', state: 'freed' });
  }

  /** The page is hidden and forgets what it showed; when it is shown again it says that it is ready. */
  hidden(): void {
    this.isShown = false;
  }

  dispose(): void {
    this.hidden();
    this.active?.stop();
  }

  private post(message: ToPlayground): void {
    if (this.isShown) this.send(message);
  }

  private async showAll(): Promise<void> {
    if (this.model === undefined) return this.open();
    await this.showModel(this.model);
  }

  /** Opens the model, once for all who ask meanwhile. */
  private open(): Promise<void> {
    this.opening ??= this.openOnce().finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async openOnce(): Promise<void> {
    if (!this.host.isTrusted()) {
      this.post({ type: 'restricted' });
      return;
    }
    this.post({ type: 'state', state: 'opening' });
    try {
      this.model = await this.source.open(this.start);
    } catch (error) {
      this.post({ type: 'problem', problem: playgroundProblem(error) });
      return;
    }
    this.host.opened(this.model);
    await this.showModel(this.model);
  }

  private async showModel(model: PlaygroundModel): Promise<void> {
    this.post({ type: 'model', model, shown: this.host.shown(model.path) });
    this.post({ type: 'state', state: 'ready' });
    this.post({ type: 'adapters', adapters: this.choices });
    if (this.asked !== undefined && this.isShown) {
      this.post({ type: 'columns', ...this.asked });
      this.asked = undefined;
    }
    // A run as it stands has what was not told yet. It comes before adapters: the engine may take long to look at them.
    this.untold?.clear();
    for (const run of Object.values(this.runs)) this.post({ type: 'run', run: run.shown });
    await Promise.all([this.promptsChanged(), this.findAdapters()]);
  }

  /** Those of the workspace that are of this base, and those that were asked for by name. */
  private async findAdapters(): Promise<void> {
    const { model, start } = this;
    if (model === undefined) return;
    const named = this.choices.map(({ folder }) => folder).concat(start.adapter ?? []);
    const folders = await this.host.adapters();
    this.found = folders.join('\n');
    const found = await this.source.adapters({ baseModel: model.path, folders }).catch(() => []);
    const own = found.filter(({ isOfBase }) => isOfBase).map(({ folder }) => folder);
    const outside = named.filter((folder) => !folders.includes(folder) || folder === start.adapter);
    this.choices = [...new Set([...own, ...outside])].map((folder) => this.choice(folder));
    this.post({ type: 'adapters', adapters: this.choices });
  }

  private choice(folder: string): ShownAdapter {
    return { folder, name: path.basename(folder), shown: this.host.shown(folder) };
  }

  private async write(
    kind: RunKind,
    setup: PlaygroundSetup,
    prompts: readonly string[],
    step: TalkStep = 'first',
  ): Promise<void> {
    const { model } = this;
    if (this.active !== undefined || model === undefined || prompts.length === 0 || !this.host.isTrusted()) return;
    const { columns, isChat, system, sampling } = setup;
    const earlier = earlierTurns(columns, this.runs.prompt?.shown, isChat ? step : 'first');
    const run = new PlaygroundRun(kind, ++this.count, { prompts, isChat, columns, earlier });
    this.runs[kind] = run;
    this.active = run;
    this.post({ type: 'run', run: run.shown });
    const news = new Coalescer<ShownNews>(this.clock, (items) =>
      this.post({ type: 'news', run: run.id, news: kind === 'set' ? mergedNews(items) : items }),
    );
    this.untold = news;
    const said = { prompts, isChat, system: isChat ? system : '', earlier };
    const request = { baseModel: model.path, columns, ...said, sampling };
    let failure: unknown;
    try {
      await this.source.write(
        { ...request, likeliest: kind === 'prompt' ? likeliest : null },
        (each) => news.add([run.take(each)]),
        run.signal,
      );
      this.post({ type: 'state', state: 'ready' });
    } catch (error) {
      failure = error;
    }
    this.active = undefined;
    this.untold = undefined;
    run.endAll(failure);
    news.clear();
    // The whole once more: nothing that was gathered or came out of turn is missing.
    this.post({ type: 'run', run: run.shown });
    if (failure !== undefined && !run.signal.aborted) {
      this.post({ type: 'problem', problem: playgroundProblem(failure) });
    }
  }

  private async compare(): Promise<void> {
    const { model, compared } = this;
    if (model === undefined || compared.length === 0) return;
    const [facts, evaluated] = await Promise.all([
      Promise.all(compared.map((folder) => this.host.facts(folder))),
      this.source.adapters({ baseModel: model.path, folders: compared }).catch(() => []),
    ]);
    if (compared !== this.compared) return;
    const adapters = facts.map((each) => {
      const evaluations = evaluated.find(({ folder }) => folder === each.folder)?.evaluations ?? [];
      return { facts: each, evaluations };
    });
    this.post({ type: 'comparison', comparison: compareAdapters(adapters) });
  }

  private async chooseBase(): Promise<void> {
    const baseModel = await this.host.chooseBase();
    if (baseModel === undefined) return;
    this.start = { ...this.start, baseModel };
    await this.open();
  }

  private async chooseAdapter(): Promise<void> {
    const folder = await this.host.chooseAdapter();
    if (folder === undefined) return;
    if (!this.knows(folder)) this.choices = [...this.choices, this.choice(folder)];
    this.post({ type: 'adapters', adapters: this.choices });
    this.show({ columns: [[{ folder, weight: 1 }]], replaces: false, isComparison: false });
  }
}

/** The pieces of each text as one: of a set nobody looks at tokens. A text's end comes after its pieces. */
function mergedNews(items: readonly ShownNews[]): readonly ShownNews[] {
  const letters = new Map<number, string>();
  for (const item of items) {
    if ('piece' in item) letters.set(item.text, (letters.get(item.text) ?? '') + item.piece.text);
  }
  const pieces = [...letters].map(([text, all]) => ({ text, piece: { text: all, tokens: [] } }));
  return [...pieces, ...items.filter((item) => 'end' in item)];
}
