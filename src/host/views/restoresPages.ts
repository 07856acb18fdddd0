import * as vscode from 'vscode';
import { watchLostTabs } from './lostTabs';

/** Also in package.json, each with its activation event `onWebviewPanel:…`. */
export type PageViewType = 'lora.dashboard' | 'lora.preview' | 'lora.playground';

/** All open pages of one kind; each shows one thing (`own`: its absolute path). */
export interface RestorablePages {
  /** Takes over a panel that VS Code brought back; one that forgot what it showed shows what was open. */
  restore(panel: vscode.WebviewPanel, own: string | undefined): void;
  /** Whether a page of this extension host is shown in a column. */
  isShownIn(column: vscode.ViewColumn): boolean;
  /** Shows what was in a tab that nobody answers any more in a new one at its place. */
  replace(tab: vscode.Tab): void;
}

/**
 * Brings the pages back that were open when the window was reloaded, or when its extension host ended.
 * @param ownOf what a page showed, from what it had VS Code remember
 * @param open loads the code behind the pages, which most windows never need
 */
export function restoresPages(
  viewType: PageViewType,
  ownOf: (state: unknown) => string | undefined,
  open: () => Promise<RestorablePages>,
): vscode.Disposable {
  const serializer = vscode.window.registerWebviewPanelSerializer(viewType, {
    deserializeWebviewPanel: async (panel, state: unknown) => (await open()).restore(panel, ownOf(state)),
  });
  const lost = watchLostTabs(
    viewType,
    async (column) => (await open()).isShownIn(column),
    async (tab) => (await open()).replace(tab),
  );
  return vscode.Disposable.from(serializer, lost);
}
