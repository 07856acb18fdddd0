import path from 'node:path';
import * as vscode from 'vscode';
import { chooseFolder, exists } from './recipeCommands';

const recipeName = 'count-by-ten.lora.json';
const parts = ['model', 'data.jsonl', recipeName];
/** Of the window that opens the example's folder: the recipe to show there. */
const toOpen = 'lora.exampleToOpen';

/** Copies the bundled model, data and recipe into a folder of the user's choice and opens the recipe there. */
export async function createExample(context: vscode.ExtensionContext): Promise<void> {
  const parent = await chooseFolder('Where should the example go?', 'Put the Example Here');
  if (parent === undefined) return;
  const folder = await unusedFolder(parent);
  const from = vscode.Uri.joinPath(context.extensionUri, 'examples', 'numbers');
  for (const part of parts) {
    await vscode.workspace.fs.copy(vscode.Uri.joinPath(from, part), vscode.Uri.joinPath(folder, part));
  }
  const recipe = vscode.Uri.joinPath(folder, recipeName);
  if (vscode.workspace.getWorkspaceFolder(folder) !== undefined) {
    await vscode.window.showTextDocument(recipe, { preview: false });
    return;
  }
  await context.globalState.update(toOpen, recipe.fsPath);
  await vscode.commands.executeCommand('vscode.openFolder', folder);
}

/** Shows the recipe of an example that this window was opened for. */
export async function openCreatedExample(context: vscode.ExtensionContext): Promise<void> {
  const recipe = context.globalState.get<string>(toOpen);
  if (recipe === undefined || vscode.workspace.getWorkspaceFolder(vscode.Uri.file(recipe)) === undefined) return;
  await context.globalState.update(toOpen, undefined);
  await vscode.window.showTextDocument(vscode.Uri.file(recipe), { preview: false });
}

async function unusedFolder(parent: string): Promise<vscode.Uri> {
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? 'first-adapter' : `first-adapter-${attempt}`;
    const uri = vscode.Uri.file(path.join(parent, name));
    if (!(await exists(uri))) return uri;
  }
}
