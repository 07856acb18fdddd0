import path from 'node:path';
import * as vscode from 'vscode';
import { starterRecipe } from '../../recipe/starterRecipe';
import { describeDataset, modelFolders, nameProblem, pathFromRecipe } from '../recipes/ingredients';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { targetPath } from './targetPath';

/** More than anyone scrolls through. */
const limit = 500;

interface Choice extends vscode.QuickPickItem {
  /** What the recipe will say, from the absolute path; `browse` and `type` ask further. */
  readonly value?: string;
  readonly ask?: 'browse' | 'type';
}

/** New Recipe: asks for model, data and name, writes a commented recipe and opens it. */
export async function newRecipe(files: WorkspaceFiles): Promise<void> {
  const folder = recipeFolder() ?? (await chooseFolder('Choose the folder for the new recipe', 'Put the Recipe Here'));
  if (folder === undefined) return;
  const baseModel = await chooseModel(files, folder);
  if (baseModel === undefined) return;
  const dataset = await chooseDataset(files, folder);
  if (dataset === undefined) return;
  const name = await vscode.window.showInputBox({
    title: 'New Recipe (3 of 3): name',
    prompt: 'The adapter gets this name, the recipe is <name>.lora.json.',
    value: await unusedName(folder, path.basename(dataset).replace(/\.\w+$/, '')),
    validateInput: async (typed) => nameProblem(typed) ?? (await takenProblem(folder, typed)),
  });
  if (name === undefined) return;
  const uri = vscode.Uri.file(path.join(folder, `${name}.lora.json`));
  const modelInRecipe = path.isAbsolute(baseModel) ? pathFromRecipe(folder, baseModel) : baseModel;
  const text = starterRecipe(modelInRecipe, pathFromRecipe(folder, dataset), 'editor');
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  await vscode.window.showTextDocument(uri, { preview: false });
}

/** Beside the open recipe, else the first folder of the workspace. */
function recipeFolder(): string | undefined {
  const active = vscode.window.activeTextEditor?.document;
  if (active !== undefined && isRecipe(active.uri)) return path.dirname(active.uri.fsPath);
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}

async function chooseModel(files: WorkspaceFiles, folder: string): Promise<string | undefined> {
  const title = 'New Recipe (1 of 3): base model';
  const found = modelFolders(await files.matching('**/{config.json,*.safetensors}', limit));
  const choice = await pick(title, 'The model that learns; its files are never changed', [
    ...found.map((model) => ({ label: `$(package) ${pathFromRecipe(folder, model)}`, value: model })),
    { label: '$(folder-opened) Choose a model folder…', ask: 'browse' },
    {
      label: '$(globe) Type an id of the Hugging Face hub…',
      detail: 'For models that are already in the local Hugging Face cache',
      ask: 'type',
    },
  ]);
  if (choice?.ask === 'browse') return chooseFolder(title, 'Use This Model');
  if (choice?.ask !== 'type') return choice?.value;
  return vscode.window.showInputBox({
    title,
    prompt: 'An id such as HuggingFaceTB/SmolLM2-135M-Instruct',
    validateInput: (typed) => (/^[\w.-]+(\/[\w.-]+)?$/.test(typed) ? undefined : 'An id looks like owner/name.'),
  });
}

async function chooseDataset(files: WorkspaceFiles, folder: string): Promise<string | undefined> {
  const title = 'New Recipe (2 of 3): examples to learn from';
  const found = await files.matching('**/*.{jsonl,ndjson,csv,tsv,parquet}', limit);
  const items = await Promise.all(
    found.map(async (file) => ({
      label: `$(database) ${pathFromRecipe(folder, file)}`,
      description: await describeDataset(file),
      value: file,
    })),
  );
  const browse: Choice = { label: '$(folder-opened) Choose a file…', ask: 'browse' };
  const choice = await pick(title, 'JSON Lines, CSV, Parquet or text; one example a row', [...items, browse]);
  if (choice?.ask === undefined) return choice?.value;
  const filters = { Datasets: ['jsonl', 'ndjson', 'json', 'csv', 'tsv', 'parquet', 'txt', 'md'] };
  const chosen = await vscode.window.showOpenDialog({ title, openLabel: 'Learn from This File', filters });
  return chosen?.[0]?.fsPath;
}

async function pick(title: string, placeHolder: string, items: readonly Choice[]): Promise<Choice | undefined> {
  return vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
}

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

async function takenProblem(folder: string, name: string): Promise<string | undefined> {
  const isTaken = await exists(vscode.Uri.file(path.join(folder, `${name}.lora.json`)));
  return isTaken ? `There is a recipe ${name}.lora.json already.` : undefined;
}

async function unusedName(folder: string, wanted: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? wanted : `${wanted}-${attempt}`;
    if ((await takenProblem(folder, name)) === undefined) return name;
  }
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
export async function recipeFor(target: unknown, files: WorkspaceFiles): Promise<string | undefined> {
  const named = targetPath(target);
  if (named !== undefined) return named;
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active !== undefined && isRecipe(active)) return active.fsPath;
  const found = await files.recipes();
  if (found.length === 1) return found[0];
  const items = found.map((file) => ({ label: vscode.workspace.asRelativePath(file), file }));
  if (items.length > 0) {
    const choice = await vscode.window.showQuickPick(items, { title: 'Train Adapter', placeHolder: 'Which recipe?' });
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
