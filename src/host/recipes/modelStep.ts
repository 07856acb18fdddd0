import * as vscode from 'vscode';
import { baseModelsAmong } from '../../run/ingredients';
import type { ModelDescription } from '../../run/proposal';
import { commandIds } from '../commands/commandIds';
import { chooseFolder } from '../commands/recipeCommands';
import { forRecipe } from '../models/forRecipe';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { pathFromRecipe } from './ingredients';
import type { LookingEngine } from './lookingEngine';
import { chooseUsable, group, type Choice } from './steps';

/** More than anyone scrolls through. */
const limit = 500;

/** How a base model is got: it is there, or is asked for further. */
type ModelChoice = { readonly is: string } | { readonly ask: 'browse' | 'gguf' | 'download' | 'type' };

/** The base model as the recipe will say it: a path from `folder` or a hub id. Undefined: the user left. */
export async function chooseModel(
  title: string,
  folder: string,
  files: WorkspaceFiles,
  engine: LookingEngine | undefined,
): Promise<string | undefined> {
  const choice = await chooseUsable(title, 'The model that learns; its files are never changed', choices());
  if (choice === undefined) return undefined;
  if ('is' in choice) return choice.is;
  if (choice.ask === 'type') return typeId(title);
  if (choice.ask === 'download') {
    return vscode.commands.executeCommand<string | undefined>(commandIds.downloadBaseModel, forRecipe);
  }
  const chosen = await (choice.ask === 'gguf' ? chooseGguf(title) : chooseFolder(title, 'Use This Model'));
  return chosen === undefined ? undefined : pathFromRecipe(folder, chosen);

  async function choices(): Promise<readonly Choice<ModelChoice>[]> {
    const found = baseModelsAmong(await files.matching('**/{config.json,*.safetensors,*.gguf}', limit));
    const described = await describe(found);
    const choiceOf = (model: ModelDescription): Choice<ModelChoice> => modelChoice(model, folder);
    return [
      ...group('in this workspace', described.filter(({ isCached }) => !isCached).map(choiceOf)),
      ...group(
        'in the Hugging Face cache of this computer',
        described.filter(({ isCached }) => isCached).map(choiceOf),
      ),
      ...group('elsewhere', elsewhere),
    ];
  }

  async function describe(folders: readonly string[]): Promise<readonly ModelDescription[]> {
    const unknown = folders.map((reference) => ({ reference, isCached: false, words: '', isUsable: true }));
    // Why nothing can be described is told where values are proposed.
    return engine === undefined ? unknown : engine.describeModels({ folders, withCache: true }).catch(() => unknown);
  }
}

const elsewhere: readonly Choice<ModelChoice>[] = [
  { label: '$(folder-opened) Choose a model folder…', value: { ask: 'browse' } },
  {
    label: '$(file-binary) Choose a GGUF file…',
    detail: 'A model in one file, as Ollama, LM Studio and llama.cpp use it',
    value: { ask: 'gguf' },
  },
  {
    label: '$(cloud-download) Download a model…',
    detail: 'Choose from a list of small ones, or any by its id on the Hugging Face hub',
    value: { ask: 'download' },
  },
  {
    label: '$(globe) Type an id of the Hugging Face hub…',
    detail: 'For models that are already in the local Hugging Face cache',
    value: { ask: 'type' },
  },
];

function modelChoice({ reference, isCached, words, isUsable }: ModelDescription, folder: string): Choice<ModelChoice> {
  const is = isCached ? reference : pathFromRecipe(folder, reference);
  if (isUsable) return { label: `$(package) ${is}`, description: words, value: { is } };
  return { label: `$(error) ${is}`, description: 'cannot be used', detail: words, problem: words };
}

async function chooseGguf(title: string): Promise<string | undefined> {
  const filters = { 'GGUF models': ['gguf'] };
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel: 'Use This Model',
    canSelectMany: false,
    filters,
  });
  return chosen?.[0]?.fsPath;
}

function typeId(title: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title,
    prompt: 'An id such as HuggingFaceTB/SmolLM2-135M-Instruct',
    validateInput: (typed) => (/^[\w.-]+(\/[\w.-]+)?$/.test(typed) ? undefined : 'An id looks like owner/name.'),
  });
}
