import path from 'node:path';
import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';
import { starterRecipe } from '../../recipe/starterRecipe';
import type { Proposal } from '../../run/proposal';
import { proposalSummary } from '../../run/proposalText';
import type { EngineClient } from '../engine/engineClient';
import { chooseDataset } from '../recipes/datasetStep';
import { nameProblem, pathFromRecipe } from '../recipes/ingredients';
import type { LookingEngine } from '../recipes/lookingEngine';
import { chooseModel } from '../recipes/modelStep';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { chooseFolder, exists, isRecipe } from './recipeCommands';
import { signalOf } from '../signalOf';

export interface NewRecipeOptions {
  readonly files: WorkspaceFiles;
  /** Asked for in trusted windows alone. */
  readonly startEngine: () => Promise<EngineClient>;
}

/** What the questions of New Recipe were answered with; paths as the recipe will say them. */
interface Answers {
  readonly recipeFile: string;
  readonly baseModel: string;
  readonly dataset: string;
  readonly columns: Readonly<Record<string, string>>;
}

/**
 * New Recipe: asks for model, data and name, has the engine propose values, writes a commented recipe and opens it. A
 * target `{ baseModel }` says the model already.
 */
export async function newRecipe({ files, startEngine }: NewRecipeOptions, target?: unknown): Promise<void> {
  const folder = recipeFolder() ?? (await chooseFolder('Choose the folder for the new recipe', 'Put the Recipe Here'));
  if (folder === undefined) return;
  if (!vscode.workspace.isTrusted) void tellRestricted();
  const engine = vscode.workspace.isTrusted ? await startEngine() : undefined;
  try {
    const answers = await ask(folder, files, engine, baseModelOf(target));
    if (answers === undefined) return;
    const proposal = engine === undefined ? 'defaults' : await propose(engine, answers);
    if (proposal !== undefined) await write(answers, proposal === 'defaults' ? undefined : proposal);
  } finally {
    void engine?.dispose();
  }
}

async function ask(
  folder: string,
  files: WorkspaceFiles,
  engine: LookingEngine | undefined,
  knownModel: string | undefined,
): Promise<Answers | undefined> {
  const baseModel = knownModel ?? (await chooseModel('New Recipe (1 of 3): base model', folder, files, engine));
  if (baseModel === undefined) return undefined;
  const dataset = await chooseDataset('New Recipe (2 of 3): examples to learn from', folder, files, engine);
  if (dataset === undefined) return undefined;
  const name = await vscode.window.showInputBox({
    title: 'New Recipe (3 of 3): name',
    prompt: 'The adapter gets this name, the recipe is <name>.lora.json.',
    value: await unusedName(folder, path.basename(dataset.file).replace(/\.\w+$/, '')),
    validateInput: async (typed) => nameProblem(typed) ?? (await takenProblem(folder, typed)),
  });
  if (name === undefined) return undefined;
  return {
    recipeFile: path.join(folder, `${name}.lora.json`),
    baseModel: path.isAbsolute(baseModel) ? pathFromRecipe(folder, baseModel) : baseModel,
    dataset: pathFromRecipe(folder, dataset.file),
    columns: dataset.columns,
  };
}

function baseModelOf(target: unknown): string | undefined {
  if (typeof target !== 'object' || target === null || !('baseModel' in target)) return undefined;
  return typeof target.baseModel === 'string' ? target.baseModel : undefined;
}

/** `defaults` where nothing could be proposed and the user wants the recipe all the same; undefined where not. */
async function propose(engine: LookingEngine, answers: Answers): Promise<Proposal | 'defaults' | undefined> {
  try {
    return await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: 'New Recipe: looking at model and data to propose values',
        cancellable: true,
      },
      (_, token) => {
        return engine.propose(answers, signalOf(token));
      },
    );
  } catch (error) {
    const withDefaults = 'Write with Defaults';
    const answer =
      error instanceof Failure && error.code === 'look-cancelled'
        ? await vscode.window.showInformationMessage('No values are proposed.', withDefaults)
        : await vscode.window.showErrorMessage(`No values can be proposed. ${describe(error)}`, withDefaults);
    return answer === withDefaults ? 'defaults' : undefined;
  }
}

function describe(error: unknown): string {
  if (error instanceof Failure) return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

async function write({ recipeFile, baseModel, dataset, columns }: Answers, proposal?: Proposal): Promise<void> {
  const uri = vscode.Uri.file(recipeFile);
  const proposed =
    proposal === undefined ? {} : { proposed: { summary: proposalSummary(proposal), values: proposal.values } };
  const text = starterRecipe({ baseModel, dataset, columns, ...proposed, readIn: 'editor' });
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  await vscode.window.showTextDocument(uri, { preview: false });
  const warnings = proposal?.warnings ?? [];
  if (warnings.length > 0) void vscode.window.showWarningMessage(warnings.join(' '));
}

async function tellRestricted(): Promise<void> {
  const manage = 'Manage Trust';
  const answer = await vscode.window.showInformationMessage(
    'This window is in Restricted Mode: model and data are not looked at, and the new recipe gets default values.',
    manage,
  );
  if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
}

/** Beside the open recipe, else the first folder of the workspace. */
function recipeFolder(): string | undefined {
  const active = vscode.window.activeTextEditor?.document;
  if (active !== undefined && isRecipe(active.uri)) return path.dirname(active.uri.fsPath);
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
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
