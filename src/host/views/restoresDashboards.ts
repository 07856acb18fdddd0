import * as vscode from 'vscode';
import { readMemory } from '../../run/viewProtocol';
import type { Dashboards } from './dashboard';

/** Also in package.json, as the activation event `onWebviewPanel:lora.dashboard`. */
export const dashboardViewType = 'lora.dashboard';

/** Brings the dashboards back that were open when the window was reloaded. */
export function restoresDashboards(open: () => Promise<Dashboards>): vscode.Disposable {
  return vscode.window.registerWebviewPanelSerializer(dashboardViewType, {
    deserializeWebviewPanel: async (panel, state: unknown) => {
      const folder = readMemory(state)?.folder;
      if (folder === undefined) panel.dispose();
      else (await open()).restore(panel, folder);
    },
  });
}
