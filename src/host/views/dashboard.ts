import { randomBytes } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { readFromDashboard, readMemory } from '../../run/viewProtocol';
import { systemClock } from './coalesce';
import { DashboardFeed } from './dashboardFeed';
import { dashboardHtml } from './dashboardHtml';
import type { RunSource } from './runSource';

/** Also in package.json, as the activation event `onWebviewPanel:lora.dashboard`. */
export const dashboardViewType = 'lora.dashboard';

/** All open dashboards, at most one for each run. They come back after the window was reloaded. */
export class Dashboards implements vscode.Disposable {
  private readonly panels = new Map<string, vscode.WebviewPanel>();
  private readonly registration: vscode.Disposable;
  private readonly files: vscode.Uri;

  constructor(
    extensionUri: vscode.Uri,
    private readonly source: RunSource,
  ) {
    this.files = vscode.Uri.joinPath(extensionUri, 'dist', 'views');
    this.registration = vscode.window.registerWebviewPanelSerializer(dashboardViewType, {
      deserializeWebviewPanel: (panel, state: unknown) => {
        const folder = readMemory(state)?.folder;
        if (folder === undefined || this.panels.has(folder)) panel.dispose();
        else this.attach(panel, folder);
        return Promise.resolve();
      },
    });
  }

  /** Shows the dashboard of a run folder beside the editor; the one that is open already, if there is one. */
  open(folder: string): void {
    const known = this.panels.get(folder);
    if (known !== undefined) {
      known.reveal(undefined, true);
      return;
    }
    const title = `LoRA: ${path.basename(folder)}`;
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    this.attach(vscode.window.createWebviewPanel(dashboardViewType, title, column), folder);
  }

  dispose(): void {
    this.registration.dispose();
    for (const panel of [...this.panels.values()]) panel.dispose();
  }

  private attach(panel: vscode.WebviewPanel, folder: string): void {
    const { webview } = panel;
    this.panels.set(folder, panel);
    const post = (message: unknown): void => void webview.postMessage(message);
    const feed = new DashboardFeed(folder, this.source, post, systemClock, saveFile);
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
  }
}

async function saveFile(suggestedName: string, content: Uint8Array): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const defaultUri = folder === undefined ? undefined : vscode.Uri.joinPath(folder, suggestedName);
  const target = await vscode.window.showSaveDialog(defaultUri === undefined ? {} : { defaultUri });
  if (target !== undefined) await vscode.workspace.fs.writeFile(target, content);
}
