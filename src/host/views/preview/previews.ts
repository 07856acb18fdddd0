import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { EngineClient } from '../../engine/engineClient';
import { readFromPreview } from '../../../run/previewProtocol';
import { systemClock } from '../coalesce';
import type { OpenPages } from '../openPages';
import type { RestorablePages } from '../restoresPages';
import { loadPage } from '../webviewPage';
import { PreviewEngine } from './previewEngine';
import { PreviewFeed } from './previewFeed';
import type { FilePlace } from './previewProblem';

const viewType = 'lora.preview';

/** Milliseconds of quiet before changes are shown: nobody wants to see what is half typed. */
const quietTime = 300;

interface OpenPreview {
  readonly panel: vscode.WebviewPanel;
  readonly feed: PreviewFeed;
  /** Ends what works for the page. */
  readonly release: () => void;
}

/** All open previews of data, at most one for each recipe. They come back after the window was reloaded. */
export class Previews implements vscode.Disposable, RestorablePages {
  private readonly opened = new Map<string, OpenPreview>();
  private readonly files: vscode.Uri;
  private readonly icon: { readonly light: vscode.Uri; readonly dark: vscode.Uri };
  private isDisposed = false;

  constructor(
    extensionUri: vscode.Uri,
    private readonly remembered: OpenPages,
    private readonly startEngine: () => Promise<EngineClient>,
  ) {
    this.files = vscode.Uri.joinPath(extensionUri, 'dist', 'views');
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', `recipe-${theme}.svg`);
    this.icon = { light: icon('light'), dark: icon('dark') };
  }

  restore(panel: vscode.WebviewPanel, own: string | undefined): void {
    const recipe = own === undefined || this.opened.has(own) ? this.remembered.missing() : own;
    if (recipe === undefined) panel.dispose();
    else this.attach(panel, recipe);
  }

  isShownIn(column: vscode.ViewColumn): boolean {
    return [...this.opened.values()].some(({ panel }) => panel.visible && panel.viewColumn === column);
  }

  replace(tab: vscode.Tab): void {
    const recipe = this.remembered.missing();
    if (recipe !== undefined) {
      const column = { viewColumn: tab.group.viewColumn, preserveFocus: true };
      this.attach(vscode.window.createWebviewPanel(viewType, tab.label, column), recipe);
    }
    void vscode.window.tabGroups.close(tab, true);
  }

  /** Shows what the model sees of a recipe's data, beside the editor; `row` (from 0) is put into view. */
  open(recipe: string, row?: number): void {
    let known = this.opened.get(recipe);
    if (known === undefined) {
      const title = `Data: ${path.basename(recipe).replace(/\.lora\.json$/i, '')}`;
      const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      known = this.attach(vscode.window.createWebviewPanel(viewType, title, column), recipe);
    } else {
      known.panel.reveal(undefined, true);
    }
    if (row !== undefined) void known.feed.goTo(row);
  }

  /** Lets go of the pages. Their tabs stay: closed here, VS Code would not bring them back after a reload of the window. */
  dispose(): void {
    this.isDisposed = true;
    for (const { release } of this.opened.values()) release();
  }

  private attach(panel: vscode.WebviewPanel, recipe: string): OpenPreview {
    const { webview } = panel;
    const engine = new PreviewEngine(this.startEngine, systemClock);
    const changes = new Changes(recipe, () => void feed.changed());
    const host = {
      shownRecipe: vscode.workspace.asRelativePath(recipe),
      changedText: () => changedText(recipe),
      readRecipe: async () => changedText(recipe) ?? readFile(recipe, 'utf8'),
      isTrusted: () => vscode.workspace.isTrusted,
      manageTrust: () => void vscode.commands.executeCommand('workbench.trust.manage'),
      open: openAt,
      watchDataset: (file: string) => changes.watchDataset(file),
    };
    const feed = new PreviewFeed(recipe, engine, host, (message) => void webview.postMessage(message));
    const release = (): void => {
      changes.dispose();
      feed.dispose();
      engine.dispose();
    };
    const opened = { panel, feed, release };
    this.opened.set(recipe, opened);
    this.remembered.add(recipe);
    panel.iconPath = this.icon;
    panel.onDidDispose(() => {
      this.opened.delete(recipe);
      // What is open when the window ends is open again with it.
      if (!this.isDisposed) this.remembered.delete(recipe);
      release();
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) feed.hidden();
    });
    webview.onDidReceiveMessage((value: unknown) => {
      const message = readFromPreview(value);
      if (message !== undefined) void feed.receive(message);
    });
    // Not `retainContextWhenHidden`: the page is filled anew when it is shown again.
    loadPage(webview, this.files, { name: 'preview', title: 'Preview of the data' });
    return opened;
  }
}

/** Tells when the recipe, also unsaved, its data or the trust in the workspace changes. */
class Changes implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];
  private dataset: { readonly file: string; readonly watcher: vscode.Disposable } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    recipe: string,
    private readonly changed: () => void,
  ) {
    const soon = (): void => this.soon();
    this.subscriptions = [
      watch(recipe, soon),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document.uri.fsPath === recipe && contentChanges.length > 0) soon();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(soon),
    ];
  }

  watchDataset(file: string): void {
    if (this.dataset?.file === file) return;
    this.dataset?.watcher.dispose();
    this.dataset = { file, watcher: watch(file, () => this.soon()) };
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.dataset?.watcher.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.changed, quietTime);
  }
}

function watch(file: string, changed: () => void): vscode.Disposable {
  const name = path.basename(file).replace(/[[{*?]/g, '[$&]');
  const pattern = new vscode.RelativePattern(vscode.Uri.file(path.dirname(file)), name);
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(changed),
    watcher.onDidCreate(changed),
    watcher.onDidDelete(changed),
  );
}

function changedText(recipe: string): string | null {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === recipe);
  return document?.isDirty === true ? document.getText() : null;
}

/** Opens a file, at a line where it has one, in the other half of the window; what is no text opens as VS Code has it. */
async function openAt({ file, line }: FilePlace): Promise<void> {
  const uri = vscode.Uri.file(file);
  const at = new vscode.Position((line ?? 1) - 1, 0);
  const viewColumn = vscode.ViewColumn.One;
  if (line === null) await vscode.commands.executeCommand('vscode.open', uri, { viewColumn });
  else await vscode.window.showTextDocument(uri, { viewColumn, selection: new vscode.Range(at, at) });
}
