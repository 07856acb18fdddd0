import * as vscode from 'vscode';

/** Asks for a base model that no adapter names; gives its absolute path. */
export async function askForBase(): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: 'Folder or GGUF file of the base model',
      canSelectFiles: true,
      canSelectFolders: true,
      openLabel: 'Use This Model',
    })) ?? [];
  return chosen?.fsPath;
}

/** Asks for an adapter that lies elsewhere. */
export async function askForAdapter(): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: 'Folder of the adapter',
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: 'Try This Adapter',
    })) ?? [];
  return chosen?.fsPath;
}
