import path from 'node:path';
import * as vscode from 'vscode';
import { readFromDashboard } from '../../run/viewProtocol';
import { systemClock } from './coalesce';
import { DashboardFeed, type PageHost } from './dashboardFeed';
import type { OpenPages } from './openPages';
import type { RestorablePages } from './restoresPages';
import type { RunSource } from './runSource';
import { loadPage } from './webviewPage';

const viewType = 'lora.dashboard';

/** All open dashboards, at most one for each run. They come back after the window was reloaded. */
export class Dashboards implements vscode.Disposable, RestorablePages {
  private readonly panels = new Map<string, { readonly panel: vscode.WebviewPanel; readonly feed: DashboardFeed }>();
  private isDisposed = false;
  private readonly files: vscode.Uri;
  private readonly icon: { readonly light: vscode.Uri; readonly dark: vscode.Uri };

  constructor(
    extensionUri: vscode.Uri,
    private readonly source: RunSource,
    private readonly remembered: OpenPages,
    private readonly showAdapter: PageHost['showAdapter'],
  ) {
    this.files = vscode.Uri.joinPath(extensionUri, 'dist', 'views');
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', `recipe-${theme}.svg`);
    this.icon = { light: icon('light'), dark: icon('dark') };
  }

  restore(panel: vscode.WebviewPanel, own: string | undefined): void {
    const folder = own === undefined || this.panels.has(own) ? this.remembered.missing() : own;
    if (folder === undefined) panel.dispose();
    else this.attach(panel, folder);
  }

  isShownIn(column: vscode.ViewColumn): boolean {
    return [...this.panels.values()].some(({ panel }) => panel.visible && panel.viewColumn === column);
  }

  replace(tab: vscode.Tab): void {
    const folder = this.remembered.missing();
    if (folder !== undefined) {
      const column = { viewColumn: tab.group.viewColumn, preserveFocus: true };
      this.attach(vscode.window.createWebviewPanel(viewType, tab.label, column), folder);
    }
    void vscode.window.tabGroups.close(tab, true);
  }

  /**
   * Shows the dashboard of a run folder beside the editor, the one that is open already if there is one, and brings a
   * part of it into view.
   */
  open(folder: string, part?: 'changes'): void {
    const known = this.panels.get(folder);
    known?.panel.reveal(undefined, true);
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const feed =
      known?.feed ??
      this.attach(vscode.window.createWebviewPanel(viewType, titleOf(path.basename(folder)), column), folder);
    if (part !== undefined) feed.reveal(part);
  }

  /** Lets go of the pages. Their tabs stay: closed here, VS Code would not bring them back after a reload of the window. */
  dispose(): void {
    this.isDisposed = true;
    for (const { feed } of this.panels.values()) feed.dispose();
  }

  private attach(panel: vscode.WebviewPanel, folder: string): DashboardFeed {
    const { webview } = panel;
    this.remembered.add(folder);
    const post = (message: unknown): void => void webview.postMessage(message);
    const feed = new DashboardFeed(folder, this.source, post, systemClock, {
      save: saveFile,
      showAdapter: this.showAdapter,
      named: (name) => (panel.title = titleOf(name)),
    });
    this.panels.set(folder, { panel, feed });
    panel.iconPath = this.icon;
    panel.onDidDispose(() => {
      this.panels.delete(folder);
      // What is open when the window ends is open again with it.
      if (!this.isDisposed) this.remembered.delete(folder);
      feed.dispose();
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) feed.hidden();
    });
    webview.onDidReceiveMessage((value: unknown) => {
      const message = readFromDashboard(value);
      if (message !== undefined) void feed.receive(message);
    });
    // Not `retainContextWhenHidden`: a hidden page costs nothing, and its run lives here.
    loadPage(webview, this.files, { name: 'dashboard', title: 'LoRA training' });
    return feed;
  }
}

function titleOf(name: string): string {
  return `LoRA: ${name}`;
}

async function saveFile(suggestedName: string, content: Uint8Array): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const defaultUri = folder === undefined ? undefined : vscode.Uri.joinPath(folder, suggestedName);
  const target = await vscode.window.showSaveDialog(defaultUri === undefined ? {} : { defaultUri });
  if (target !== undefined) await vscode.workspace.fs.writeFile(target, content);
}
