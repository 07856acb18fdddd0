import path from 'node:path';
import * as vscode from 'vscode';
import type { RunService } from '../runs/runService';
import type { Sidebar } from '../trees/sidebar';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { targetPath } from './targetPath';

/** The adapter that a command is for: the target, the only one there is, or the one the user picks. */
export async function adapterFor(target: unknown, files: WorkspaceFiles, title: string): Promise<string | undefined> {
  const named = targetPath(target);
  if (named !== undefined) return named;
  const found = await files.adapters();
  if (found.length === 0) {
    void vscode.window.showInformationMessage('There is no adapter in this workspace yet: Train Adapter makes one.');
  }
  if (found.length <= 1) return found[0];
  const items = found.map((folder) => ({
    label: path.basename(folder),
    description: vscode.workspace.asRelativePath(folder),
    folder,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Which adapter?' }))?.folder;
}

/** Show in Adapters: selects the adapter that a finished run made. */
export async function revealAdapterOf(target: unknown, service: RunService, sidebar: Sidebar): Promise<void> {
  const named = targetPath(target);
  const run = (await service.runs()).find(({ folder }) => folder === named);
  if (run?.adapter != null) await revealAdapter(run.adapter, sidebar);
}

/** Selects an adapter in its view, or says that it is gone from there. */
export async function revealAdapter(folder: string, sidebar: Sidebar): Promise<void> {
  if (await sidebar.revealAdapter(folder)) return;
  void vscode.window.showInformationMessage(
    `The adapter ${folder} is not in this workspace: it was moved, deleted, or lies elsewhere.`,
  );
}
