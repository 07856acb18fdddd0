import path from 'node:path';
import * as vscode from 'vscode';
import { isWholeModel } from '../models/isWholeModel';
import { modelFolders } from '../../run/ingredients';
import { askForBase } from '../views/playground/askForModel';
import type { Playgrounds } from '../views/playground/playgrounds';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { selectedAdapters } from './selectedAdapters';
import { targetPath } from './targetPath';

/** More than anyone scrolls through. */
const limit = 500;

/** Open Playground: with the adapter that is meant, or with what the user chooses of the workspace. */
export async function openPlayground(target: unknown, files: WorkspaceFiles, playgrounds: Playgrounds): Promise<void> {
  const named = targetPath(target);
  const chosen = named === undefined ? await choose(files) : await whatIsIn(named);
  if (chosen === undefined) return;
  if ('adapter' in chosen) playgrounds.openAdapter(chosen.adapter);
  else playgrounds.openBase(chosen.base);
}

/** Compare Adapters: those that are selected in their view, or those that the user chooses. */
export async function compareAdapters(
  target: unknown,
  selected: unknown,
  files: WorkspaceFiles,
  playgrounds: Playgrounds,
): Promise<void> {
  const named = selectedAdapters(target, selected, targetPath);
  const folders = named.length > 1 ? named : await chooseSeveral(named[0], files);
  if (folders !== undefined && folders.length > 0) playgrounds.compare(folders);
}

/** A run of all weights makes a model, which is tried alone. */
async function whatIsIn(folder: string): Promise<Chosen> {
  return (await isWholeModel(folder)) ? { base: folder } : { adapter: folder };
}

type Chosen = { readonly adapter: string } | { readonly base: string };

async function choose(files: WorkspaceFiles): Promise<Chosen | undefined> {
  const adapters = await files.adapters();
  const models = modelFolders(await files.matching('**/{config.json,*.safetensors}', limit));
  const guide = (label: string): vscode.QuickPickItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const entries = (folders: readonly string[], icon: string, chosen: (folder: string) => Chosen): Entry[] =>
    folders.map((folder) => ({
      label: `$(${icon}) ${path.basename(folder)}`,
      description: vscode.workspace.asRelativePath(folder),
      chosen: () => Promise.resolve(chosen(folder)),
    }));
  const items: Entry[] = [
    ...(adapters.length === 0 ? [] : [guide('adapters, beside their base model')]),
    ...entries(adapters, 'layers', (adapter) => ({ adapter })),
    guide('base models'),
    ...entries(models, 'package', (base) => ({ base })),
    {
      label: '$(folder-opened) Choose a base model…',
      description: 'a Hugging Face folder or a GGUF file',
      chosen: async () => {
        const base = await askForBase();
        return base === undefined ? undefined : { base };
      },
    },
  ];
  const placeHolder = 'What is to be tried?';
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Open Playground',
    placeHolder,
    matchOnDescription: true,
  });
  return picked?.chosen?.();
}

interface Entry extends vscode.QuickPickItem {
  /** Not on lines between entries. */
  chosen?(): Promise<Chosen | undefined>;
}

async function chooseSeveral(
  picked: string | undefined,
  files: WorkspaceFiles,
): Promise<readonly string[] | undefined> {
  const adapters = await files.adapters();
  // Beside its base model, that is.
  if (adapters.length < 2 && picked !== undefined) return [picked];
  if (adapters.length < 2) {
    const there = adapters.length === 0 ? 'no adapter' : 'only one adapter';
    void vscode.window.showInformationMessage(`There is ${there} in this workspace yet: train another one to compare.`);
    return undefined;
  }
  const items = adapters.map((folder) => ({
    label: path.basename(folder),
    description: vscode.workspace.asRelativePath(folder),
    picked: folder === picked,
    folder,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Compare Adapters',
    placeHolder: 'Adapters of one base model',
    canPickMany: true,
    matchOnDescription: true,
    // What was ticked is not lost where something else takes the focus.
    ignoreFocusOut: true,
  });
  return chosen?.map(({ folder }) => folder);
}
