import * as vscode from 'vscode';
import { readMemory } from '../../run/viewProtocol';
import type { Dashboards } from './dashboard';
import { watchLostTabs } from './lostTabs';

/** Also in package.json, as the activation event `onWebviewPanel:lora.dashboard`. */
export const dashboardViewType = 'lora.dashboard';

/** Brings the dashboards back that were open when the window was reloaded, or when its extension host ended. */
export function restoresDashboards(open: () => Promise<Dashboards>): vscode.Disposable {
  const serializer = vscode.window.registerWebviewPanelSerializer(dashboardViewType, {
    deserializeWebviewPanel: async (panel, state: unknown) => (await open()).restore(panel, readMemory(state)?.folder),
  });
  const lost = watchLostTabs(
    dashboardViewType,
    async (column) => (await open()).isShownIn(column),
    async (tab) => (await open()).replace(tab),
  );
  return vscode.Disposable.from(serializer, lost);
}
