import * as vscode from 'vscode';
import { commandIds } from '../commands/commandIds';
import type { Disposable } from '../signal';
import type { AdapterServer } from './adapterServer';
import { statusText, statusTooltip } from './servingText';

/** How often the text may change, in milliseconds. */
const interval = 500;

/** Says that a server runs, with what is known of it; hidden while none does. */
export class ServingStatus implements Disposable {
  readonly #item = vscode.window.createStatusBarItem('lora.serving', vscode.StatusBarAlignment.Left, 9);
  #subscription: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#item.name = 'LoRA: server of adapters';
    this.#item.command = commandIds.manageServer;
  }

  /** `undefined`: none runs. */
  show(server: AdapterServer | undefined): void {
    this.#subscription?.dispose();
    this.#subscription = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void vscode.commands.executeCommand('setContext', 'lora.isServing', server !== undefined);
    if (server === undefined) {
      this.#item.hide();
      return;
    }
    const write = (): void => {
      this.#timer = undefined;
      const words = statusText(server.facts);
      this.#item.text = `$(broadcast) ${words}`;
      this.#item.tooltip = statusTooltip(server.facts);
      this.#item.accessibilityInformation = { label: `Serving adapters: ${words}` };
    };
    this.#subscription = server.onDidChange(() => {
      this.#timer ??= setTimeout(write, interval);
    });
    write();
    this.#item.show();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscription?.dispose();
    this.#item.dispose();
  }
}
