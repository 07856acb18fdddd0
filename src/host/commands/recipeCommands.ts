import * as vscode from 'vscode';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { targetPath } from './targetPath';

/** The folder that the user chooses; undefined when they change their mind. */
export async function chooseFolder(title: string, openLabel: string): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel,
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
  });
  return chosen?.[0]?.fsPath;
}

export async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

export function isRecipe(uri: vscode.Uri): boolean {
  return uri.scheme === 'file' && /\.lora\.json$/i.test(uri.fsPath);
}

/** The recipe that a command means: its target, the open editor, the only one there is, or the one the user picks. */
export async function recipeFor(target: unknown, files: WorkspaceFiles, title: string): Promise<string | undefined> {
  const named = targetPath(target);
  if (named !== undefined) return named;
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active !== undefined && isRecipe(active)) return active.fsPath;
  const found = await files.recipes();
  if (found.length === 1) return found[0];
  const items = found.map((file) => ({ label: vscode.workspace.asRelativePath(file), file }));
  if (items.length > 0) {
    const choice = await vscode.window.showQuickPick(items, { title, placeHolder: 'Which recipe?' });
    return choice?.file;
  }
  const create = 'New Recipe';
  const example = 'Create the Example';
  const message = 'There is no recipe (*.lora.json) in this workspace yet.';
  const answer = await vscode.window.showInformationMessage(message, create, example);
  if (answer === create) await vscode.commands.executeCommand('lora.newRecipe');
  if (answer === example) await vscode.commands.executeCommand('lora.createExample');
  return undefined;
}
