import path from 'node:path';
import * as vscode from 'vscode';
import { nameProblem } from '../recipes/ingredients';
import { exists } from './recipeCommands';
import { targetPath } from './targetPath';

/** Rename: gives an adapter's folder another name. */
export async function renameAdapter(target: unknown): Promise<void> {
  const folder = targetPath(target);
  if (folder === undefined) return;
  const sibling = (name: string): vscode.Uri => vscode.Uri.file(path.join(path.dirname(folder), name));
  const old = path.basename(folder);
  const name = await vscode.window.showInputBox({
    title: `Rename the adapter "${old}"`,
    value: old,
    validateInput: async (typed) => {
      if (typed === old) return undefined;
      return nameProblem(typed) ?? ((await exists(sibling(typed))) ? `There is a folder ${typed} already.` : undefined);
    },
  });
  if (name === undefined || name === old) return;
  await vscode.workspace.fs.rename(vscode.Uri.file(folder), sibling(name), { overwrite: false });
}

/** Delete: moves a run's or an adapter's folder to the bin after asking; where there is none, says so and asks again. */
export async function deleteFolder(target: unknown): Promise<void> {
  const folder = targetPath(target);
  if (folder === undefined) return;
  const uri = vscode.Uri.file(folder);
  const name = path.basename(folder);
  const toBin = 'Move to Bin';
  const answer = await vscode.window.showWarningMessage(
    `Delete "${name}"?`,
    { modal: true, detail: `The folder ${folder} is moved to the bin.` },
    toBin,
  );
  if (answer !== toBin) return;
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
  } catch (error) {
    if (!(await exists(uri))) return;
    const forGood = 'Delete Permanently';
    const detail = `There is no bin for this folder (${error instanceof Error ? error.message : String(error)}).`;
    const again = await vscode.window.showWarningMessage(
      `Delete "${name}" permanently? It cannot be brought back.`,
      { modal: true, detail },
      forGood,
    );
    if (again === forGood) await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: false });
  }
}

export async function revealInExplorer(target: unknown): Promise<void> {
  const named = targetPath(target);
  if (named === undefined) return;
  const uri = vscode.Uri.file(named);
  const isInside = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  await vscode.commands.executeCommand(isInside ? 'revealInExplorer' : 'revealFileInOS', uri);
}
