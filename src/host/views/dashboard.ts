import { randomBytes } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { readFromDashboard } from '../../run/viewProtocol';
import { systemClock } from './coalesce';
import { DashboardFeed, type PageHost } from './dashboardFeed';
import { dashboardHtml } from './dashboardHtml';
import { dashboardViewType } from './restoresDashboards';
import type { RunSource } from './runSource';

/** All open dashboards, at most one for each run. They come back after the window was reloaded. */
export class Dashboards implements vscode.Disposable {
  private readonly panels = new Map<string, { readonly panel: vscode.WebviewPanel; readonly feed: DashboardFeed }>();
  private readonly files: vscode.Uri;
  private readonly icon: { readonly light: vscode.Uri; readonly dark: vscode.Uri };

  constructor(
    extensionUri: vscode.Uri,
    private readonly source: RunSource,
    private readonly showAdapter: PageHost['showAdapter'],
  ) {
    this.files = vscode.Uri.joinPath(extensionUri, 'dist', 'views');
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', `recipe-${theme}.svg`);
    this.icon = { light: icon('light'), dark: icon('dark') };
  }

  /** Takes over a panel that VS Code brought back. */
  restore(panel: vscode.WebviewPanel, folder: string): void {
    if (this.panels.has(folder)) panel.dispose();
    else this.attach(panel, folder);
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
    for (const { panel } of [...this.panels.values()]) panel.dispose();
  }

  private attach(panel: vscode.WebviewPanel, folder: string): DashboardFeed {
    const { webview } = panel;
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
