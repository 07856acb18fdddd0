import path from 'node:path';
import * as vscode from 'vscode';
import type { Family } from './families';

/** The only family there is, or the one that the user picks. */
export async function chooseFamily(found: readonly Family[]): Promise<Family | undefined> {
  if (found.length <= 1) return found[0];
  const items = found.map((family) => ({
    label: family.base.name,
    description: family.folders.length === 1 ? '1 adapter' : `${family.folders.length} adapters`,
    detail: family.folders.map((folder) => path.basename(folder)).join(', '),
    family,
  }));
  const placeHolder = 'On which base model? A server has one.';
  const options = { title: 'Serve Adapters', placeHolder, ignoreFocusOut: true };
  return (await vscode.window.showQuickPick(items, options))?.family;
}

/** The only adapter there is, or those that the user ticks. Gives none where they changed their mind. */
export async function chooseAdapters(
  folders: readonly string[],
  title: string,
  isPicked: (folder: string) => boolean,
): Promise<readonly string[]> {
  if (folders.length <= 1) return folders;
  const items = folders.map((folder) => ({
    label: path.basename(folder),
    description: vscode.workspace.asRelativePath(folder),
    picked: isPicked(folder),
    folder,
  }));
  const placeHolder = 'Which adapters? Programs choose one by its name.';
  // What was ticked is not lost where something else takes the focus.
  const options = { title, placeHolder, canPickMany: true as const, ignoreFocusOut: true };
  const chosen = await vscode.window.showQuickPick(items, options);
  return (chosen ?? []).map(({ folder }) => folder);
}
