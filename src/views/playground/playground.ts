import { defaultSetup, maxColumns } from '../../run/playgroundProtocol';
import type {
  FromPlayground,
  PlaygroundMemory,
  PlaygroundProblem,
  PlaygroundSetup,
  RunKind,
  ShownAdapter,
  ShownPrompts,
  ShownRun,
  ToPlayground,
} from '../../run/playgroundProtocol';
import type { Bridge } from '../page/bridge';
import { button, element, setText } from '../page/element';
import { restrictedParts } from '../page/restricted';
import { columnName, withColumns } from './columns';
import { ColumnsView } from './columnsView';
import { ComparisonView } from './comparisonView';
import { Conversation } from './conversation';
import { addNews, growingRun, outcomeText } from './growingRun';
import type { GrowingRun } from './growingRun';
import { PromptForm } from './promptForm';
import type { AskedPrompt } from './promptForm';
import { PromptSetView } from './promptSetView';
import { SamplingForm } from './samplingForm';

/** The page: keeps what the user sets, asks the extension to write, and shows what comes. */
export class Playground {
  private setup: PlaygroundSetup;
  private baseModel: string | undefined;
  private adapters: readonly ShownAdapter[] = [];
  private readonly runs: Partial<Record<RunKind, GrowingRun>> = {};
  private compared = '';
  /** A prompt that is being added to the set. */
  private adding: string | undefined;
  private readonly isNew: boolean;
  private readonly title = element('h1', {}, 'Playground');
  private readonly note = element('p', { class: 'note' });
  private readonly problem = element('div', { class: 'problem', role: 'alert', hidden: true });
  private readonly restricted = element('div', { class: 'card', hidden: true });
  private readonly waiting = element('p', { role: 'status' }, 'Opening the model…');
  private readonly content = element('div', { class: 'content', hidden: true });
  private readonly conversation: Conversation;
  private readonly form: PromptForm;
  private readonly sampling: SamplingForm;
  private readonly columns: ColumnsView;
  private readonly promptSet: PromptSetView;
  private readonly comparison: ComparisonView;

  constructor(
    root: HTMLElement,
    private readonly bridge: Bridge<FromPlayground, PlaygroundMemory>,
    memory: PlaygroundMemory | undefined,
  ) {
    this.setup = memory?.setup ?? defaultSetup;
    this.baseModel = memory?.baseModel;
    this.isNew = memory === undefined;
    this.conversation = new Conversation({
      setup: () => this.setup,
      take: (prompt) => this.take(prompt),
      focus: () => this.form.focus(),
      write: (setup, step) => {
        this.form.say('Writing…');
        bridge.post({ type: 'write', setup, step });
      },
      forget: () => this.forget(),
      show: (talk) => this.form.showTalk(talk),
    });
    const actions = {
      changed: (asked: AskedPrompt) => {
        this.change(asked);
        this.conversation.show();
      },
      write: () => bridge.post({ type: 'write', setup: this.setup, step: this.conversation.step }),
      stop: () => this.stop(),
      addToSet: () => this.addToSet(),
    };
    this.form = new PromptForm(actions, this.conversation);
    this.sampling = new SamplingForm((sampling) => this.change({ sampling }));
    this.columns = new ColumnsView({
      changed: (columns) => {
        this.change({ columns });
        this.compare();
      },
      chooseAdapter: () => bridge.post({ type: 'chooseAdapter' }),
    });
    this.promptSet = new PromptSetView({
      save: (prompts) => bridge.post({ type: 'savePrompts', prompts }),
      write: (prompts) => bridge.post({ type: 'writeSet', setup: this.setup, prompts }),
      take: (prompt) => {
        this.take(prompt);
        this.form.focus();
      },
      openFile: () => bridge.post({ type: 'openPrompts' }),
      nameOf: this.columns.nameOf,
    });
    this.comparison = new ComparisonView(() => this.compare());
    this.restricted.append(
      ...restrictedParts('Trying a model would run the engine on files of this folder, so nothing is tried.', () =>
        bridge.post({ type: 'manageTrust' }),
      ),
    );
    this.content.append(
      ...[this.form.root, this.sampling.root, this.columns.root, this.comparison.root, this.promptSet.root],
    );
    const header = element('header', {}, element('div', { class: 'names' }, this.title, this.note));
    root.append(header, this.problem, this.restricted, this.waiting, this.content);
    document.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.stop();
    });
    this.showSetup();
    bridge.post({ type: 'ready' });
  }

  receive(message: ToPlayground): void {
    switch (message.type) {
      case 'model':
        this.showModel(message);
        break;
      case 'adapters':
        this.showAdapters(message.adapters);
        break;
      case 'columns':
        this.showColumns(message);
        break;
      case 'prompts':
        this.promptSet.show(message);
        this.sayAdded(message);
        break;
      case 'run':
        this.showRun(message.run);
        break;
      case 'news':
        this.addNews(message.run, message.news);
        break;
      case 'comparison':
        this.comparison.show(message.comparison, this.columns.nameOf);
        break;
      case 'state':
        this.showState(message.state);
        break;
      case 'problem':
        this.showProblem(message.problem);
        break;
      case 'restricted':
        this.waiting.hidden = true;
        this.restricted.hidden = false;
    }
  }

  private change(part: Partial<PlaygroundSetup>): void {
    this.setup = { ...this.setup, ...part };
    if (this.baseModel !== undefined) this.bridge.remember({ baseModel: this.baseModel, setup: this.setup });
  }

  private showSetup(): void {
    this.form.show(this.setup);
    this.sampling.show(this.setup.sampling);
    this.columns.show(this.setup.columns, this.adapters);
    this.offerComparison();
  }

  private showModel({ model, shown }: Extract<ToPlayground, { readonly type: 'model' }>): void {
    const isFirst = this.baseModel === undefined;
    this.baseModel = model.path;
    this.restricted.hidden = true;
    this.content.hidden = false;
    setText(this.title, `Playground: ${model.name}`);
    setText(this.note, `${model.words} · ${shown}`);
    this.form.allowChat(model.knowsChat);
    // A model that was made for chats is asked in its own way, unless the user chose otherwise.
    const isChat = model.knowsChat && (this.setup.isChat || (this.isNew && isFirst));
    this.change({ isChat });
    this.form.show(this.setup);
    this.conversation.show();
  }

  /** Columns that are built anew lose the keyboard's focus: not for the same adapters. */
  private showAdapters(adapters: readonly ShownAdapter[]): void {
    if (JSON.stringify(adapters) === JSON.stringify(this.adapters)) return;
    this.adapters = adapters;
    this.columns.show(this.setup.columns, adapters);
  }

  private showColumns({ columns, replaces, isComparison }: Extract<ToPlayground, { readonly type: 'columns' }>): void {
    const shown = withColumns(this.setup.columns, columns, replaces);
    this.change({ columns: shown.columns });
    this.showSetup();
    if (isComparison) {
      this.comparison.open();
      // It may have been measured since it was last asked.
      this.compared = '';
    }
    this.compare();
    this.form.focus();
    if (shown.left.length > 0) {
      const names = shown.left.map((column) => columnName(column, this.columns.nameOf)).join(', ');
      this.form.say(
        `There is room for ${maxColumns} columns. Not shown: ${names}. Remove a column to add another one.`,
      );
    }
  }

  private showRun(run: ShownRun): void {
    const growing = growingRun(run);
    this.runs[run.kind] = growing;
    if (run.kind === 'prompt') {
      this.columns.showRun(growing);
      this.conversation.follow(growing);
    } else this.promptSet.showRun(growing);
    const isWriting = Object.values(this.runs).some(({ isOver }) => !isOver);
    this.form.working(isWriting);
    this.promptSet.working(isWriting);
    this.form.say(run.isOver ? outcomeText(run) : 'Writing…');
  }

  private addNews(id: number, news: Extract<ToPlayground, { readonly type: 'news' }>['news']): void {
    const run = Object.values(this.runs).find((each) => each.id === id);
    if (run === undefined) return;
    const changed = addNews(run, news);
    if (run.kind === 'prompt') this.columns.showRun(run);
    else for (const text of changed) this.promptSet.update(run, text);
  }

  private showState(state: Extract<ToPlayground, { readonly type: 'state' }>['state']): void {
    this.waiting.hidden = state !== 'opening';
    if (state !== 'freed') this.problem.hidden = true;
    else this.form.say('Nobody wrote for a while, so the model was taken out of memory. The next text opens it again.');
  }

  /** A conversation is over: nothing of it is shown, or goes before the next prompt. */
  private forget(): void {
    this.bridge.post({ type: 'startOver' });
    delete this.runs.prompt;
    this.columns.showRun(undefined);
    this.form.say('');
  }

  private stop(): void {
    const isWriting = Object.values(this.runs).some(({ isOver }) => !isOver);
    if (isWriting) this.bridge.post({ type: 'stop' });
  }

  private addToSet(): void {
    const { prompt } = this.setup;
    const { all } = this.promptSet;
    if (prompt.trim() === '') this.form.say('Write a prompt first.');
    else if (all.includes(prompt)) this.form.say('This prompt is in the set already.');
    else {
      this.bridge.post({ type: 'savePrompts', prompts: [...all, prompt] });
      this.adding = prompt;
    }
  }

  private sayAdded({ prompts, problem }: ShownPrompts): void {
    const { adding } = this;
    if (adding === undefined) return;
    this.adding = undefined;
    const isThere = problem === null && prompts.includes(adding);
    this.form.say(isThere ? 'Added to the prompt set.' : `It was not added. ${problem ?? 'Try again.'}`);
  }

  private take(prompt: string): void {
    this.change({ prompt });
    this.form.show(this.setup);
  }

  /** Asks for what is known of the adapters in the columns, once for the same ones. */
  private compare(): void {
    const folders = this.offerComparison();
    const key = folders.join('\n');
    if (!this.comparison.isOpen || folders.length === 0 || key === this.compared) return;
    this.compared = key;
    this.bridge.post({ type: 'compare', folders });
  }

  private offerComparison(): readonly string[] {
    const folders = [...new Set(this.setup.columns.flat().map(({ folder }) => folder))];
    this.comparison.offer(folders.length > 0);
    return folders;
  }

  private showProblem({ message, hint, offers }: PlaygroundProblem): void {
    this.waiting.hidden = true;
    const act =
      offers === 'choose-base'
        ? button('Choose Base Model', { class: 'primary' }, () => this.bridge.post({ type: 'chooseBase' }))
        : button('Try Again', { class: 'secondary' }, () => this.bridge.post({ type: 'retry' }));
    this.problem.replaceChildren(
      element('p', {}, hint === null ? message : `${message} ${hint}`),
      element('div', { class: 'buttons' }, act),
    );
    this.problem.hidden = false;
  }
}
