import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { parseRecipe } from '../recipe/parse';
import { readAdapterFacts, type AdapterFacts } from './adapters/adapterFacts';
import type { LoraApi } from './api';
import { createExample, openCreatedExample } from './commands/example';
import { convertFile } from './commands/convertCommand';
import { commandIds, type CommandHandler, type CommandName } from './commands/commandIds';
import { deleteFolder, renameAdapter, revealInExplorer } from './commands/fileCommands';
import { newRecipe } from './commands/newRecipe';
import { folderToResume, folderToShow, jobFor, trainAdapter } from './commands/trainingCommands';
import { HubToken } from './models/hubToken';
import { workspaceNotTrusted } from './runs/failures';
import type { Job, JobEnd } from './runs/job';
import { RunService } from './runs/runService';
import type { Disposable } from './signal';
import { ContextKeys } from './status/contextKeys';
import { RecipeLanguage } from './language/recipeLanguage';
import { RunNotices } from './status/runNotices';
import { StatusBar } from './status/statusBar';
import { adapterTree } from './trees/adapterTree';
import { recipeTree, type ListedRecipe } from './trees/recipeTree';
import { runTree } from './trees/runTree';
import { TreeView } from './trees/treeView';
import { Dashboards } from './views/dashboard';
import { WorkspaceFiles } from './workspace/workspaceFiles';

/** All parts of the extension in one window, and what connects them. */
export class Shell {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #files = new WorkspaceFiles();
  readonly #service: RunService;
  readonly #dashboards: Dashboards;
  readonly #notices: RunNotices;
  readonly #hubToken: HubToken;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
    this.#hubToken = new HubToken(context.secrets);
    this.#service = new RunService({
      startEngine: () => this.#startEngine(),
      runFolders: async () => this.#files.runs(),
      simultaneousRuns: () => settings().get<number>('training.simultaneousRuns', 1),
    });
    this.#dashboards = new Dashboards(context.extensionUri, this.#service, context.workspaceState);
    this.#notices = new RunNotices(this.#service, context.workspaceState, this.#log, {
      openDashboard: (folder) => this.#dashboards.open(folder),
      notifiesWhenDone: () => settings().get<boolean>('training.notifyWhenDone', true),
    });
    context.subscriptions.push(
      this.#files,
      this.#dashboards,
      this.#notices,
      new StatusBar(this.#service),
      new ContextKeys(this.#service, this.#files),
      new RecipeLanguage(context.extensionUri, log),
      ...this.#trees(),
    );
    for (const name of Object.keys(this.#commands) as CommandName[]) this.#register(name);
    void this.#notices.tellInterrupted();
    void openCreatedExample(context);
  }

  readonly api: LoraApi = {
    version: 1,
    startRun: async (recipe) => {
      return outcome(await this.#service.train({ recipeFile: recipe.fsPath }).end);
    },
    onDidRunEvent: (listener) =>
      this.#service.onDidChange((folder, events) => {
        for (const event of events) listener(folder, event);
      }),
    runs: () => this.#service.runs(),
    adapters: () => this.#adapters(),
  };

  /** Ends what trains, keeping checkpoints; the window is about to close. */
  async close(): Promise<void> {
    this.#notices.windowCloses();
    await this.#service.dispose();
  }

  readonly #commands: Readonly<Record<CommandName, CommandHandler>> = {
    trainAdapter: async (target) => {
      if (!(await this.#notices.askForTrust())) return;
      const job = await trainAdapter(target, this.#files, this.#service);
      if (job !== undefined && opensDashboard()) this.#openWhenBegun(job);
    },
    newRecipe: (target) => newRecipe({ files: this.#files, startEngine: () => this.#startEngine() }, target),
    convertToRecipe: (target) => convertFile(target, this.#log),
    stopTraining: async (target) => {
      const job = await jobFor(target, this.#service, 'Stop Training', ({ phase }) => phase !== 'stopping');
      if (job !== undefined) await this.#service.cancel(job);
    },
    pauseTraining: async (target) => {
      const job = await jobFor(target, this.#service, 'Pause Training', ({ phase }) => phase === 'running');
      if (typeof job?.folder === 'string') this.#service.pause(job.folder);
    },
    resumeTraining: async (target) => {
      if (!(await this.#notices.askForTrust())) return;
      const folder = await folderToResume(target, this.#service);
      if (folder === undefined) return;
      // A paused run goes on where it is; one from disk begins anew, and is shown as any run that begins.
      const isPaused = this.#service.jobOf(folder) !== undefined;
      this.#service.resume(folder);
      if (!isPaused && opensDashboard()) this.#dashboards.open(folder);
    },
    openDashboard: async (target) => {
      const folder = await folderToShow(target, this.#service);
      if (folder !== undefined) this.#dashboards.open(folder);
    },
    rename: renameAdapter,
    delete: deleteFolder,
    revealInExplorer,
    showEngineLog: () => {
      this.#log.show(true);
      return Promise.resolve();
    },
    createExample: () => createExample(this.#context),
    downloadBaseModel: async (target) => {
      const { downloadBaseModel } = await import('./models/downloadBaseModel');
      return downloadBaseModel({ startEngine: () => this.#startEngine(), token: this.#hubToken }, target);
    },
    setHubToken: () => this.#hubToken.ask(),
  };

  #register(name: CommandName): void {
    const command = vscode.commands.registerCommand(commandIds[name], async (target?: unknown) => {
      try {
        return await this.#commands[name](target);
      } catch (error) {
        this.#log.error(error instanceof Error ? error : String(error));
        void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
        return undefined;
      }
    });
    this.#context.subscriptions.push(command);
  }

  /** A run has no folder, and nothing to be shown, before its model and data were looked at. */
  #openWhenBegun(job: Job): void {
    const subscription = this.#service.onDidChangeJob((changed) => {
      if (changed !== job || (job.folder === null && job.phase !== 'over')) return;
      subscription.dispose();
      if (job.folder !== null) this.#dashboards.open(job.folder);
    });
  }

  /** The engine's client is only loaded here: most windows never train. */
  async #startEngine(): ReturnType<RunServiceEngine> {
    if (!vscode.workspace.isTrusted) throw workspaceNotTrusted();
    const { startEngine } = await import('./engine/engineClient');
    const engineFile = vscode.Uri.joinPath(this.#context.extensionUri, 'dist', 'engine.js').fsPath;
    return startEngine({ engineFile, log: (line) => this.#log.info(line) });
  }

  #trees(): readonly Disposable[] {
    const adapters = new TreeView('lora.adapters', async () => adapterTree(await this.#adapters()));
    const runs = new TreeView('lora.runs', async () => runTree(await this.#service.runs(), this.#service.jobs));
    const recipes = new TreeView('lora.recipes', async () => {
      const [listed, summaries] = await Promise.all([this.#recipes(), this.#service.runs()]);
      return recipeTree(listed, summaries);
    });
    const views = { adapters: [adapters], runs: [runs, recipes], recipes: [recipes] };
    return [
      ...Object.values({ adapters, runs, recipes }),
      this.#files.onDidChange((kind) => views[kind].forEach((view) => view.refresh())),
      this.#service.onDidChangeJob(() => runs.refresh()),
      // A run's own folders are known to have changed before any watcher tells.
      this.#service.onDidEnd(() => (['runs', 'adapters'] as const).forEach((kind) => this.#files.forget(kind))),
    ];
  }

  async #adapters(): Promise<readonly AdapterFacts[]> {
    return Promise.all((await this.#files.adapters()).map((folder) => readAdapterFacts(folder)));
  }

  async #recipes(): Promise<readonly ListedRecipe[]> {
    const files = await this.#files.recipes();
    const listed = files.map(async (file): Promise<ListedRecipe[]> => {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) return [];
      const shown = vscode.workspace.asRelativePath(file);
      return [{ file, shown, problems: parseRecipe(text).problems }];
    });
    return (await Promise.all(listed)).flat();
  }
}

type RunServiceEngine = ConstructorParameters<typeof RunService>[0]['startEngine'];

function outcome(end: JobEnd): 'finished' | 'cancelled' {
  if (end.kind === 'failed') throw end.failure;
  if (end.kind === 'crashed') throw end.crash;
  if (end.kind === 'broken') throw end.error;
  return end.kind;
}

function opensDashboard(): boolean {
  return settings().get<boolean>('training.openDashboard', true);
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('lora');
}
