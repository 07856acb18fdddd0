import { randomBytes } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { readFromDashboard } from '../../run/viewProtocol';
import { systemClock } from './coalesce';
import { DashboardFeed, type PageHost } from './dashboardFeed';
import { dashboardHtml } from './dashboardHtml';
import { OpenDashboards } from './openDashboards';
import { dashboardViewType } from './restoresDashboards';
import type { RunSource } from './runSource';

export { OpenDashboards };

/** All open dashboards, at most one for each run. They come back after the window was reloaded. */
export class Dashboards implements vscode.Disposable {
  private readonly panels = new Map<string, { readonly panel: vscode.WebviewPanel; readonly feed: DashboardFeed }>();
  private isDisposed = false;
  private readonly files: vscode.Uri;
  private readonly icon: { readonly light: vscode.Uri; readonly dark: vscode.Uri };

  constructor(
    extensionUri: vscode.Uri,
    private readonly source: RunSource,
    private readonly remembered: OpenDashboards,
    private readonly showAdapter: PageHost['showAdapter'],
  ) {
    this.files = vscode.Uri.joinPath(extensionUri, 'dist', 'views');
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', `recipe-${theme}.svg`);
    this.icon = { light: icon('light'), dark: icon('dark') };
  }

  /** Takes over a panel that VS Code brought back; one that forgot its run shows one that was open. */
  restore(panel: vscode.WebviewPanel, own: string | undefined): void {
    const folder = own === undefined || this.panels.has(own) ? this.remembered.missing() : own;
    if (folder === undefined) panel.dispose();
    else this.attach(panel, folder);
  }

  /** Whether a dashboard of this extension host is shown in a column. */
  isShownIn(column: vscode.ViewColumn): boolean {
    return [...this.panels.values()].some(({ panel }) => panel.visible && panel.viewColumn === column);
  }

  /** Shows the run of a tab that nobody answers any more in a new one at its place. */
  replace(tab: vscode.Tab): void {
    const folder = this.remembered.missing();
    if (folder !== undefined) {
      const column = { viewColumn: tab.group.viewColumn, preserveFocus: true };
      this.attach(vscode.window.createWebviewPanel(dashboardViewType, tab.label, column), folder);
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
      this.attach(vscode.window.createWebviewPanel(dashboardViewType, titleOf(path.basename(folder)), column), folder);
    if (part !== undefined) feed.reveal(part);
  }

  dispose(): void {
    this.isDisposed = true;
    for (const { panel } of [...this.panels.values()]) panel.dispose();
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
    webview.options = { enableScripts: true, localResourceRoots: [this.files] };
    const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(this.files, name)).toString();
    webview.html = dashboardHtml({
      source: webview.cspSource,
      script: file('dashboard.js'),
      style: file('dashboard.css'),
      nonce: randomBytes(16).toString('hex'),
    });
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
