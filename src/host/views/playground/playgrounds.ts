import path from 'node:path';
import * as vscode from 'vscode';
import { readFromPlayground } from '../../../run/playgroundProtocol';
import type { OpenPlaygroundParams } from '../../../run/playground';
import { readAdapterFacts } from '../../adapters/adapterFacts';
import type { EngineClient } from '../../engine/engineClient';
import type { WorkspaceFiles } from '../../workspace/workspaceFiles';
import { systemClock } from '../coalesce';
import type { OpenPages } from '../openPages';
import type { RestorablePages } from '../restoresPages';
import { loadPage } from '../webviewPage';
import { askForAdapter, askForBase } from './askForModel';
import { PlaygroundEngine } from './playgroundEngine';
import { PlaygroundFeed } from './playgroundFeed';
import type { AskedColumns, PlaygroundHost } from './playgroundFeed';
import { PromptSet, promptSetName } from './promptSet';

const viewType = 'lora.playground';

interface OpenPlayground {
  readonly panel: vscode.WebviewPanel;
  readonly feed: PlaygroundFeed;
  /** Ends what works for the page. */
  readonly release: () => void;
}

/** All open playgrounds; commands open one for each base model. They come back after the window was reloaded. */
export class Playgrounds implements vscode.Disposable, RestorablePages {
  private readonly opened = new Set<OpenPlayground>();
  private readonly pages: vscode.Uri;
  private readonly icon: { readonly light: vscode.Uri; readonly dark: vscode.Uri };
  private isDisposed = false;

  constructor(
    extensionUri: vscode.Uri,
    private readonly remembered: OpenPages,
    private readonly files: WorkspaceFiles,
    private readonly startEngine: () => Promise<EngineClient>,
  ) {
    this.pages = vscode.Uri.joinPath(extensionUri, 'dist', 'views');
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', `recipe-${theme}.svg`);
    this.icon = { light: icon('light'), dark: icon('dark') };
  }

  restore(panel: vscode.WebviewPanel, own: string | undefined): void {
    // One whose base model is open already stays, too: it holds a prompt and columns of its own.
    const baseModel = own ?? this.remembered.missing();
    if (baseModel === undefined) panel.dispose();
    else this.attach(panel, { baseModel, adapter: null });
  }

  isShownIn(column: vscode.ViewColumn): boolean {
    return [...this.opened].some(({ panel }) => panel.visible && panel.viewColumn === column);
  }

  replace(tab: vscode.Tab): void {
    const baseModel = this.remembered.missing();
    if (baseModel !== undefined) {
      const column = { viewColumn: tab.group.viewColumn, preserveFocus: true };
      this.attach(vscode.window.createWebviewPanel(viewType, tab.label, column), { baseModel, adapter: null });
    }
    void vscode.window.tabGroups.close(tab, true);
  }

  /** Shows a base model alone. */
  openBase(baseModel: string): void {
    const known = this.find((feed) => feed.baseModel === baseModel);
    if (known === undefined) this.create({ baseModel, adapter: null });
    else known.panel.reveal();
  }

  /** Shows an adapter beside its base model, in the playground of that model where one is open. */
  openAdapter(folder: string): void {
    const known = this.find((feed) => feed.knows(folder));
    const column = [{ folder, weight: 1 }];
    if (known === undefined) {
      const asked = { columns: [[], column], replaces: true, isComparison: false };
      this.create({ baseModel: null, adapter: folder }).feed.show(asked);
      return;
    }
    known.panel.reveal();
    known.feed.show({ columns: [column], replaces: false, isComparison: false });
  }

  /** Shows adapters beside each other, and what is known of them. The first one says which base model they are of. */
  compare(folders: readonly string[]): void {
    const [first] = folders;
    if (first === undefined) return;
    const known = this.find((feed) => feed.knows(first)) ?? this.create({ baseModel: null, adapter: first });
    known.panel.reveal();
    const columns = [[], ...folders.map((folder) => [{ folder, weight: 1 }])];
    const asked: AskedColumns = { columns, replaces: true, isComparison: true };
    known.feed.show(asked);
  }

  /** Lets go of the pages. Their tabs stay: closed here, VS Code would not bring them back after a reload of the window. */
  dispose(): void {
    this.isDisposed = true;
    for (const { release } of this.opened) release();
  }

  private find(isWanted: (feed: PlaygroundFeed) => boolean): OpenPlayground | undefined {
    return [...this.opened].find(({ feed }) => isWanted(feed));
  }

  private create(start: OpenPlaygroundParams): OpenPlayground {
    // Not beside an editor: columns need the width of the window.
    return this.attach(vscode.window.createWebviewPanel(viewType, 'Playground', vscode.ViewColumn.Active), start);
  }

  private attach(panel: vscode.WebviewPanel, start: OpenPlaygroundParams): OpenPlayground {
    const { webview } = panel;
    const engine = new PlaygroundEngine(this.startEngine, systemClock, () => feed.freed());
    const prompts = new PromptSet(promptFile(start));
    let shown = start.baseModel;
    const host: PlaygroundHost = {
      isTrusted: () => vscode.workspace.isTrusted,
      manageTrust: () => void vscode.commands.executeCommand('workbench.trust.manage'),
      adapters: () => this.files.adapters(),
      facts: readAdapterFacts,
      shown: (file) => vscode.workspace.asRelativePath(file),
      chooseBase: () => askForBase(),
      chooseAdapter: () => askForAdapter(),
      readPrompts: () => prompts.read(),
      writePrompts: (texts) => prompts.write(texts),
      openPrompts: () => void openPrompts(prompts.file),
      opened: (model) => {
        panel.title = `Playground: ${model.name}`;
        if (shown === model.path) return;
        if (shown !== null) this.remembered.delete(shown);
        shown = model.path;
        this.remembered.add(model.path);
      },
    };
    const feed = new PlaygroundFeed(start, engine, host, (message) => void webview.postMessage(message), systemClock);
    const changes = vscode.Disposable.from(
      vscode.workspace.onDidGrantWorkspaceTrust(() => void feed.changed()),
      ...watchPrompts(prompts.file, () => void feed.promptsChanged()),
    );
    const listening = this.files.onDidChange((kind) => {
      if (kind === 'adapters') void feed.changed();
    });
    const release = (): void => {
      changes.dispose();
      listening.dispose();
      feed.dispose();
      engine.dispose();
    };
    const opened = { panel, feed, release };
    this.opened.add(opened);
    if (shown !== null) this.remembered.add(shown);
    panel.iconPath = this.icon;
    panel.onDidDispose(() => {
      this.opened.delete(opened);
      // What is open when the window ends is open again with it.
      if (!this.isDisposed && shown !== null) this.remembered.delete(shown);
      release();
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) feed.hidden();
    });
    webview.onDidReceiveMessage((value: unknown) => {
      const message = readFromPlayground(value);
      if (message !== undefined) void feed.receive(message);
    });
    // Not `retainContextWhenHidden`: what is written lives here, and the page is filled anew when it is shown again.
    loadPage(webview, this.pages, { name: 'playground', title: 'Playground' });
    return opened;
  }
}

/** In the workspace folder of what is tried, or the first one. */
function promptFile({ adapter, baseModel }: OpenPlaygroundParams): string | null {
  const tried = adapter ?? baseModel;
  const own =
    tried === null || !path.isAbsolute(tried) ? undefined : vscode.workspace.getWorkspaceFolder(vscode.Uri.file(tried));
  const folder = own ?? vscode.workspace.workspaceFolders?.[0];
  return folder === undefined ? null : path.join(folder.uri.fsPath, promptSetName);
}

function watchPrompts(file: string | null, changed: () => void): readonly vscode.Disposable[] {
  if (file === null) return [];
  const pattern = new vscode.RelativePattern(vscode.Uri.file(path.dirname(file)), path.basename(file));
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  return [watcher, watcher.onDidChange(changed), watcher.onDidCreate(changed), watcher.onDidDelete(changed)];
}

async function openPrompts(file: string | null): Promise<void> {
  if (file === null) return;
  const uri = vscode.Uri.file(file);
  try {
    await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside });
  } catch {
    void vscode.window.showInformationMessage('There is no prompt set yet: add a prompt to it first.');
  }
}
