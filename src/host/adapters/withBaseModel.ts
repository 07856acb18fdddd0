import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';

/**
 * Does what needs an adapter's base model: first with the one that the adapter names; where that is not found, with the
 * one that the user chooses. Failures are said; then, and where the user changes their mind, there is no result.
 */
export async function withBaseModel<Result>(
  openLabel: string,
  work: (baseModel: string | null) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  let baseModel: string | null = null;
  for (;;) {
    try {
      return await work(baseModel);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const chosen: string | undefined = await tellFailure(error, openLabel);
      if (chosen === undefined) return undefined;
      baseModel = chosen;
    }
  }
}

/** Says what went wrong; gives a base model to try with. */
async function tellFailure({ code, message, hint }: Failure, openLabel: string): Promise<string | undefined> {
  if (code !== 'base-of-adapter-unknown') {
    void vscode.window.showErrorMessage([message, hint ?? ''].join(' ').trim());
    return undefined;
  }
  const choose = 'Choose Base Model';
  if ((await vscode.window.showErrorMessage(message, choose)) !== choose) return undefined;
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: 'Folder or GGUF file of the base model',
      canSelectFiles: true,
      canSelectFolders: true,
      openLabel,
    })) ?? [];
  return folder?.fsPath;
}
