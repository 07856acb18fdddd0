import { randomBytes } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { readFromDashboard, readMemory } from '../../run/viewProtocol';
import { systemClock } from './coalesce';
import { DashboardFeed } from './dashboardFeed';
import { dashboardHtml } from './dashboardHtml';
import { watchLostTabs } from './lostTabs';
import { OpenDashboards } from './openDashboards';
import type { RunSource } from './runSource';

/** Also in package.json, as the activation event `onWebviewPanel:lora.dashboard`. */
export const dashboardViewType = 'lora.dashboard';

/** All open dashboards, at most one for each run. They come back after the window was reloaded. */
export class Dashboards implements vscode.Disposable {
  private readonly panels = new Map<string, vscode.WebviewPanel>();
  private readonly registration: vscode.Disposable;
  private readonly remembered: OpenDashboards;
  private isDisposed = false;
  private readonly files: vscode.Uri;

  constructor(
    extensionUri: vscode.Uri,
    private readonly source: RunSource,
    memory: vscode.Memento,
  ) {
    this.files = vscode.Uri.joinPath(extensionUri, 'dist', 'views');
    this.remembered = new OpenDashboards(memory);
    const serializer = vscode.window.registerWebviewPanelSerializer(dashboardViewType, {
      deserializeWebviewPanel: (panel, state: unknown) => {
        const own = readMemory(state)?.folder;
        const folder = own === undefined || this.panels.has(own) ? this.remembered.missing() : own;
        if (folder === undefined) panel.dispose();
        else this.attach(panel, folder);
        return Promise.resolve();
      },
    });
    const lost = watchLostTabs(
      dashboardViewType,
      (column) => [...this.panels.values()].some((panel) => panel.visible && panel.viewColumn === column),
      (tab) => this.replace(tab),
    );
    this.registration = vscode.Disposable.from(serializer, lost);
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
    this.isDisposed = true;
    this.registration.dispose();
    for (const panel of [...this.panels.values()]) panel.dispose();
  }

  /** Shows the run of a tab that nobody answers any more in a new one at its place. */
  private replace(tab: vscode.Tab): void {
    const folder = this.remembered.missing();
    if (folder !== undefined) {
      const column = { viewColumn: tab.group.viewColumn, preserveFocus: true };
      this.attach(vscode.window.createWebviewPanel(dashboardViewType, tab.label, column), folder);
    }
    void vscode.window.tabGroups.close(tab, true);
  }

  private attach(panel: vscode.WebviewPanel, folder: string): void {
    const { webview } = panel;
    this.panels.set(folder, panel);
    this.remembered.add(folder);
    const post = (message: unknown): void => void webview.postMessage(message);
    const feed = new DashboardFeed(folder, this.source, post, systemClock, saveFile);
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
  }
}

async function saveFile(suggestedName: string, content: Uint8Array): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const defaultUri = folder === undefined ? undefined : vscode.Uri.joinPath(folder, suggestedName);
  const target = await vscode.window.showSaveDialog(defaultUri === undefined ? {} : { defaultUri });
  if (target !== undefined) await vscode.workspace.fs.writeFile(target, content);
}
