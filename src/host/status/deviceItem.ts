import * as vscode from 'vscode';
import { commandIds } from '../commands/commandIds';
import { isRecipe } from '../commands/recipeCommands';
import { recipeEngine } from '../recipes/recipeEngine';
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
      window.onDidChangeActiveTextEditor(() => this.#show()),
      workspace.onDidChangeTextDocument(({ document }) => {
        if (document === window.activeTextEditor?.document) this.#showSoon();
      }),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('lora.engine.device')) this.#show();
      }),
      workspace.onDidGrantWorkspaceTrust(() => this.#show()),
    ];
    this.#show();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
  }

  #showSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(), rest);
  }

  #show(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || !isRecipe(document.uri) || !vscode.workspace.isTrusted) {
      this.#item.hide();
      return;
    }
    const setting = vscode.workspace.getConfiguration('lora').get<string>('engine.device', 'auto');
    const { text, tooltip } = deviceText(recipeEngine(document.getText()), setting);
    this.#item.text = `$(chip) ${text}`;
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: `LoRA: ${tooltip}` };
    this.#item.show();
  }
}
