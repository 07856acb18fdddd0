import * as vscode from 'vscode';
import { commandIds } from '../commands/commandIds';
import { isRecipe } from '../commands/recipeCommands';
import type { Disposable } from '../signal';
import { deviceText } from './deviceText';

/** How long the text rests before it is read again, in milliseconds. */
const rest = 300;

/** On which device the recipe that is open trains; a click chooses another one. Hidden beside anything else. */
export class DeviceItem implements Disposable {
  readonly #item = vscode.window.createStatusBarItem('lora.device', vscode.StatusBarAlignment.Right, 90);
  readonly #subscriptions: readonly Disposable[];
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#item.name = 'LoRA: device of the recipe';
    this.#item.command = commandIds.selectDevice;
    const { window, workspace } = vscode;
    this.#subscriptions = [
      window.onDidChangeActiveTextEditor(() => void this.#show()),
      workspace.onDidChangeTextDocument(({ document }) => {
        if (document === window.activeTextEditor?.document) this.#showSoon();
      }),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('lora.engine.device')) void this.#show();
      }),
      workspace.onDidGrantWorkspaceTrust(() => void this.#show()),
    ];
    void this.#show();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
  }

  #showSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#show(), rest);
  }

  async #show(): Promise<void> {
    const document = shownRecipe();
    if (document === undefined) {
      this.#item.hide();
      return;
    }
    // What reads recipes is loaded with the first one: most windows show none at their start.
    const { recipeEngine } = await import('../recipes/recipeEngine');
    if (document !== shownRecipe()) return;
    const setting = vscode.workspace.getConfiguration('lora').get<string>('engine.device', 'auto');
    const { text, tooltip } = deviceText(recipeEngine(document.getText()), setting);
    this.#item.text = `$(chip) ${text}`;
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: `LoRA: ${tooltip}` };
    this.#item.show();
  }
}

function shownRecipe(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document !== undefined && isRecipe(document.uri) && vscode.workspace.isTrusted ? document : undefined;
}
