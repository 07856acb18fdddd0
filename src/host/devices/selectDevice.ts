import path from 'node:path';
import * as vscode from 'vscode';
import type { MachineReport } from '../../run/answers';
import { commandIds } from '../commands/commandIds';
import { isRecipe } from '../commands/recipeCommands';
import { targetPath } from '../commands/targetPath';
import type { EngineClient } from '../engine/engineClient';
import { changeRecipe } from '../recipes/changeRecipe';
import { recipeEngine, type RecipeEngine } from '../recipes/recipeEngine';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { deviceChanges, deviceEntries, sayingNothing, type DeviceEntry } from './deviceList';

/** What Select Device needs of the window. */
export interface DeviceContext {
  readonly files: WorkspaceFiles;
  readonly startEngine: () => Promise<EngineClient>;
}

interface Item extends vscode.QuickPickItem {
  readonly entry?: DeviceEntry;
  /** Tries everything again. */
  readonly looksAgain?: true;
}

/** For which recipe a device is chosen; undefined: for all that name none, as a setting. */
interface Chooser {
  readonly recipe: string | undefined;
  readonly engine: RecipeEngine;
  /** The device of recipes that name none. */
  readonly setting: string;
}

/**
 * Select Device: shows what was found on this computer and why it can be used or not, and writes what is chosen into the recipe
 * (without one into the setting). Gives the device; undefined where the user left.
 */
export async function selectDevice(
  { files, startEngine }: DeviceContext,
  target: unknown,
): Promise<string | undefined> {
  const recipe = await recipeOf(target, files);
  const setting = settings().get<string>('engine.device', 'auto');
  const said = recipe === undefined ? { ...sayingNothing, device: setting } : await engineOf(recipe);
  const chooser: Chooser = { recipe, engine: said, setting };
  const engine = await startEngine();
  try {
    const chosen = await choose(chooser, (again) => engine.machine(again));
    if (chosen === undefined) return undefined;
    if (chosen.kind === 'set-up') {
      const { setUpCuda, setUpTensorFlow } = commandIds;
      void vscode.commands.executeCommand(chosen.library === 'cuda' ? setUpCuda : setUpTensorFlow);
      return undefined;
    }
    return await write(chooser, chosen);
  } finally {
    void engine.dispose();
  }
}

/** The recipe that is meant without asking: the target, the open one, or the only one there is. */
async function recipeOf(target: unknown, files: WorkspaceFiles): Promise<string | undefined> {
  const named = targetPath(target);
  if (named !== undefined) return named;
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active !== undefined && isRecipe(active)) return active.fsPath;
  const found = await files.recipes();
  return found.length === 1 ? found[0] : undefined;
}

async function engineOf(recipe: string): Promise<RecipeEngine> {
  return recipeEngine((await vscode.workspace.openTextDocument(vscode.Uri.file(recipe))).getText());
}

type DeviceChoice = Extract<DeviceEntry, { kind: 'device' }>;

/** Asks until a device is chosen that can be used. */
async function choose(
  { recipe, engine, setting }: Chooser,
  look: (again: boolean) => Promise<MachineReport>,
): Promise<DeviceEntry | undefined> {
  const quickPick = vscode.window.createQuickPick<Item>();
  const ask = 'Where to train; a device that was tried tells how fast it was';
  quickPick.title =
    recipe === undefined ? 'Select Device for recipes that name none' : `Select Device for ${path.basename(recipe)}`;
  quickPick.matchOnDescription = true;
  quickPick.matchOnDetail = true;
  quickPick.ignoreFocusOut = true;
  const show = async (again: boolean): Promise<void> => {
    quickPick.busy = true;
    quickPick.enabled = false;
    quickPick.placeholder = again ? 'Trying every device again …' : 'Looking at what this computer has …';
    const report = await look(again);
    quickPick.items = itemsOf(deviceEntries(report, engine, recipe === undefined, setting));
    quickPick.activeItems = quickPick.items.filter(({ entry }) => entry?.kind === 'device' && entry.isCurrent);
    quickPick.placeholder = ask;
    quickPick.busy = false;
    quickPick.enabled = true;
  };
  try {
    return await new Promise<DeviceEntry | undefined>((resolve, reject) => {
      let isOpen = true;
      quickPick.onDidHide(() => {
        isOpen = false;
        resolve(undefined);
      });
      const lookAgain = (): void => {
        if (isOpen) show(true).catch(reject);
        else void vscode.commands.executeCommand(commandIds.selectDevice);
      };
      quickPick.onDidAccept(() => {
        const [item] = quickPick.selectedItems;
        if (item?.looksAgain === true) lookAgain();
        else if (item?.entry?.kind === 'device' && item.entry.problem !== undefined) {
          quickPick.placeholder = `${item.entry.device} cannot be used; choose another one`;
          void tellProblem(item.entry.problem, lookAgain);
        } else if (item?.entry !== undefined) resolve(item.entry);
      });
      quickPick.show();
      show(false).catch(reject);
    });
  } finally {
    quickPick.dispose();
  }
}

/** In a notice, which has room for all of it: a line of the list is cut. */
async function tellProblem(problem: string, lookAgain: () => void): Promise<void> {
  const again = 'Look Again';
  if ((await vscode.window.showWarningMessage(problem, again)) === again) lookAgain();
}

function itemsOf(entries: readonly DeviceEntry[]): readonly Item[] {
  const isUsable = (entry: DeviceEntry): boolean => entry.kind === 'set-up' || entry.problem === undefined;
  const separator = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const unusable = entries.filter((entry) => !isUsable(entry));
  return [
    ...entries.filter(isUsable).map(itemOf),
    ...(unusable.length === 0 ? [] : [separator(''), ...unusable.map(itemOf)]),
    separator(''),
    {
      label: '$(refresh) Look again',
      detail: 'Tries every device anew, as after a new driver; takes some seconds',
      looksAgain: true,
    },
  ];
}

function itemOf(entry: DeviceEntry): Item {
  const { description, detail } = entry;
  if (entry.kind === 'set-up') {
    const library = entry.library === 'cuda' ? 'CUDA' : 'TensorFlow';
    return { label: `$(cloud-download) Set up ${library}…`, description, detail, entry };
  }
  const icon = entry.problem !== undefined ? 'circle-slash' : entry.isCurrent ? 'check' : 'blank';
  const name = entry.runtime === 'tensorflow' ? `tensorflow (${entry.device})` : entry.device;
  return { label: `$(${icon}) ${name}`, description, detail, entry };
}

async function write({ recipe, engine, setting }: Chooser, choice: DeviceChoice): Promise<string | undefined> {
  const { device } = choice;
  if (recipe === undefined) {
    const inspected = settings().inspect<string>('engine.device');
    const isOfWorkspace = inspected?.workspaceValue !== undefined;
    await settings().update(
      'engine.device',
      device,
      isOfWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global,
    );
    tell(`Recipes that name no device train on ${device}: ${choice.description}.`);
    return device;
  }
  const changes = deviceChanges(choice, engine, setting);
  const title = `Train on ${device}`;
  if (changes.length > 0 && !(await changeRecipe(recipe, { title, changes }))) {
    void vscode.window.showErrorMessage(
      `${path.basename(recipe)} cannot be changed: it cannot be read as a recipe. Mend what is marked in it, then choose again.`,
    );
    return undefined;
  }
  tell(`${path.basename(recipe)} trains on ${device}: ${choice.description}.`);
  return device;
}

/** What was done is to be seen in the recipe: a notification would be one too many. */
function tell(words: string): void {
  vscode.window.setStatusBarMessage(`$(check) ${words}`, 8000);
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('lora');
}
