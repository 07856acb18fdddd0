import * as vscode from 'vscode';
import { platformNotSupported } from '../run/failures';
import { readPlaygroundMemory } from '../run/playgroundProtocol';
import { readPreviewMemory } from '../run/previewProtocol';
import { readMemory } from '../run/viewProtocol';
import type { LoraApi } from './api';
import { AdaptersInChat } from './chat/adaptersInChat';
import { commandIds, type CommandHandler, type CommandName } from './commands/commandIds';
import { handlers } from './commands/handlers';
import { HubToken } from './models/hubToken';
import { workspaceNotTrusted } from './runs/failures';
import type { JobEnd } from './runs/job';
import { deviceOverrides } from './devices/deviceList';
import { RunService } from './runs/runService';
import { ContextKeys } from './status/contextKeys';
import { DeviceItem } from './status/deviceItem';
import { RecipeLanguage } from './language/recipeLanguage';
import { RunNotices } from './status/runNotices';
import { StatusBar } from './status/statusBar';
import { LoraTasks } from './tasks/loraTasks';
import { taskType } from './tasks/taskDefinition';
import type { Serving } from './serving/serving';
import { Sidebar } from './trees/sidebar';
import type { Dashboards } from './views/dashboard';
import type { Playgrounds } from './views/playground/playgrounds';
import type { Previews } from './views/preview/previews';
import { restoresPages } from './views/restoresPages';
import { WorkspaceFiles } from './workspace/workspaceFiles';
import { WorkspaceNotes } from './workspace/workspaceNotes';

/** All parts of the extension in one window, and what connects them. */
export class Shell {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #files = new WorkspaceFiles();
  readonly #service: RunService;
  readonly #notes: vscode.Memento;
  readonly #notices: RunNotices;
  readonly #hubToken: HubToken;
  readonly #sidebar: Sidebar;
  #dashboards: Promise<Dashboards> | undefined;
  #previews: Promise<Previews> | undefined;
  #serving: Promise<Serving> | undefined;
  #playgrounds: Promise<Playgrounds> | undefined;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
    this.#hubToken = new HubToken(context.secrets);
    this.#service = new RunService({
      startEngine: () => this.#startEngine(),
      runFolders: async () => this.#files.runs(),
      settingsOf: (recipe) => deviceSetting(recipe),
      simultaneousRuns: () => settings().get<number>('training.simultaneousRuns', 1),
    });
    this.#notes = notesOf(context);
    this.#notices = new RunNotices(this.#service, this.#notes, this.#log, {
      openDashboard: (folder) => void this.#openDashboards().then((dashboards) => dashboards.open(folder)),
      notifiesWhenDone: () => settings().get<boolean>('training.notifyWhenDone', true),
    });
    this.#sidebar = new Sidebar(this.#service, this.#files);
    context.subscriptions.push(
      this.#files,
      this.#notices,
      this.#sidebar,
      new StatusBar(this.#service),
      new DeviceItem(),
      new ContextKeys(this.#service, this.#files),
      new RecipeLanguage(context.extensionUri, log),
      new AdaptersInChat({
        files: this.#files,
        startEngine: () => this.#startEngine(),
        idleMinutes: () => settings().get<number>('chat.idleMinutes', 5),
        log: (line) => this.#log.info(line),
      }),
      vscode.tasks.registerTaskProvider(taskType, new LoraTasks(this.#service, this.#files)),
      restoresPages(
        'lora.dashboard',
        (state) => readMemory(state)?.folder,
        () => this.#openDashboards(),
      ),
      restoresPages(
        'lora.preview',
        (state) => readPreviewMemory(state)?.recipe,
        () => this.#openPreviews(),
      ),
      restoresPages(
        'lora.playground',
        (state) => readPlaygroundMemory(state)?.baseModel,
        () => this.#openPlaygrounds(),
      ),
    );
    this.#registerCommands();
    this.#lookBack();
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
    adapters: () => this.#sidebar.adapters(),
  };

  /** Ends what trains, keeping checkpoints; the window is about to close. */
  async close(): Promise<void> {
    this.#notices.windowCloses();
    await Promise.all([this.#service.dispose(), this.#serving?.then((serving) => serving.close())]);
  }

  /** What an earlier window left to do or to say. */
  #lookBack(): void {
    const unsupported = platformNotSupported(process.platform, process.arch);
    if (unsupported !== undefined) this.#log.warn(`${unsupported.message} ${unsupported.hint ?? ''}`);
    void this.#notices.tellInterrupted();
    const { globalState } = this.#context;
    if (globalState.get('lora.exampleToOpen') === undefined) return;
    void import('./commands/example').then(({ openCreatedExample }) => openCreatedExample(this.#context));
  }

  #registerCommands(): void {
    const table = handlers({
      context: this.#context,
      log: this.#log,
      files: this.#files,
      service: this.#service,
      notices: this.#notices,
      sidebar: this.#sidebar,
      hubToken: this.#hubToken,
      startEngine: () => this.#startEngine(),
      dashboards: () => this.#openDashboards(),
      previews: () => this.#openPreviews(),
      serving: () => this.#openServing(),
      playgrounds: () => this.#openPlaygrounds(),
      opensDashboard: () => settings().get<boolean>('training.openDashboard', true),
    });
    for (const name of Object.keys(table) as CommandName[]) this.#register(name, table[name]);
  }

  #register(name: CommandName, handler: CommandHandler): void {
    const command = vscode.commands.registerCommand(commandIds[name], async (target?: unknown, detail?: unknown) => {
      try {
        return await handler(target, detail);
      } catch (error) {
        this.#log.error(error instanceof Error ? error : String(error));
        const { wordsOf } = await import('./engine/editorWords');
        void vscode.window.showErrorMessage(wordsOf(error));
        return undefined;
      }
    });
    this.#context.subscriptions.push(command);
  }

  /** Loaded with the first dashboard. */
  #openDashboards(): Promise<Dashboards> {
    this.#dashboards ??= Promise.all([import('./views/dashboard'), import('./views/openPages')]).then(
      ([{ Dashboards }, { OpenPages }]) => {
        const remembered = new OpenPages(this.#notes, 'lora.dashboards');
        const dashboards = new Dashboards(this.#context.extensionUri, this.#service, remembered, async (adapter) => {
          await (await import('./commands/adapterCommands')).revealAdapter(adapter, this.#sidebar);
        });
        this.#context.subscriptions.push(dashboards);
        return dashboards;
      },
    );
    return this.#dashboards;
  }

  /** Loaded with the first preview. */
  #openPreviews(): Promise<Previews> {
    this.#previews ??= Promise.all([import('./views/preview/previews'), import('./views/openPages')]).then(
      ([{ Previews }, { OpenPages }]) => {
        const remembered = new OpenPages(this.#notes, 'lora.previews');
        const previews = new Previews(this.#context.extensionUri, remembered, () => this.#startEngine());
        this.#context.subscriptions.push(previews);
        return previews;
      },
    );
    return this.#previews;
  }

  /** Loaded with the first server. */
  #openServing(): Promise<Serving> {
    this.#serving ??= import('./serving/serving').then(({ Serving }) => {
      const serving = new Serving({
        startEngine: () => this.#startEngine(),
        adapters: () => this.#files.adapters(),
        port: () => settings().get<number>('serve.port', 0),
        log: (line) => this.#log.info(line),
      });
      this.#context.subscriptions.push(serving);
      return serving;
    });
    return this.#serving;
  }

  /** Loaded with the first playground. */
  #openPlaygrounds(): Promise<Playgrounds> {
    this.#playgrounds ??= Promise.all([import('./views/playground/playgrounds'), import('./views/openPages')]).then(
      ([{ Playgrounds }, { OpenPages }]) => {
        const remembered = new OpenPages(this.#notes, 'lora.playgrounds');
        const startEngine = () => this.#startEngine();
        const playgrounds = new Playgrounds(this.#context.extensionUri, remembered, this.#files, startEngine);
        this.#context.subscriptions.push(playgrounds);
        return playgrounds;
      },
    );
    return this.#playgrounds;
  }

  /** The engine's client is only loaded here: most windows never train. */
  async #startEngine(): ReturnType<RunServiceEngine> {
    if (!vscode.workspace.isTrusted) throw workspaceNotTrusted();
    const unsupported = platformNotSupported(process.platform, process.arch);
    if (unsupported !== undefined) throw unsupported;
    const { startEngine } = await import('./engine/engineClient');
    const engineFile = vscode.Uri.joinPath(this.#context.extensionUri, 'dist', 'engine.js').fsPath;
    const methods = { trace: 'trace', debug: 'debug', info: 'info', warning: 'warn', error: 'error' } as const;
    return startEngine({
      engineFile,
      log: (line, level) => this.#log[methods[level]](line),
      isTraced: () => this.#log.logLevel === vscode.LogLevel.Trace,
    });
  }
}

function notesOf({ globalStorageUri, workspaceState }: vscode.ExtensionContext): vscode.Memento {
  const { workspaceFile, workspaceFolders } = vscode.workspace;
  const all = workspaceFile === undefined ? (workspaceFolders ?? []).map(({ uri }) => uri) : [workspaceFile];
  if (all.length === 0) return workspaceState;
  return new WorkspaceNotes(vscode.Uri.joinPath(globalStorageUri, 'workspaces').fsPath, all.join('\n'));
}

type RunServiceEngine = ConstructorParameters<typeof RunService>[0]['startEngine'];

function outcome(end: JobEnd): 'finished' | 'cancelled' {
  if (end.kind === 'failed') throw end.failure;
  if (end.kind === 'crashed') throw end.crash;
  if (end.kind === 'broken') throw end.error;
  return end.kind;
}

/** What the device setting says of a run; a recipe that cannot be read says what is wrong itself. */
async function deviceSetting(recipe: string): Promise<readonly string[]> {
  const device = settings().get<string>('engine.device', 'auto');
  if (device === 'auto') return [];
  const text = await vscode.workspace.fs.readFile(vscode.Uri.file(recipe)).then(
    (bytes) => new TextDecoder().decode(bytes),
    () => '',
  );
  const { recipeEngine } = await import('./recipes/recipeEngine');
  return deviceOverrides(device, recipeEngine(text));
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('lora');
}
