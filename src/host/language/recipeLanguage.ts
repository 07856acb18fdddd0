import * as vscode from 'vscode';
import type { RunningClient } from './languageClient';

/** On a disk, not saved yet, or in a repository far away; not what a comparison shows of the past. */
const schemes = ['file', 'untitled', 'vscode-vfs'];

/** The language of recipes: its server is started with the first recipe that is shown, and ended with the window. */
export class RecipeLanguage implements vscode.Disposable {
  readonly #serverFile: string;
  readonly #log: vscode.LogOutputChannel;
  readonly #subscription: vscode.Disposable;
  #client: Promise<RunningClient> | undefined;

  constructor(extensionUri: vscode.Uri, log: vscode.LogOutputChannel) {
    this.#serverFile = vscode.Uri.joinPath(extensionUri, 'dist', 'languageServer.js').fsPath;
    this.#log = log;
    this.#subscription = vscode.workspace.onDidOpenTextDocument((document) => this.#startFor(document));
    for (const document of vscode.workspace.textDocuments) this.#startFor(document);
  }

  dispose(): void {
    this.#subscription.dispose();
    void this.#client?.then((client) => client.dispose()).catch(() => undefined);
  }

  #startFor({ languageId, uri }: vscode.TextDocument): void {
    if (languageId !== 'lora' || !schemes.includes(uri.scheme) || this.#client !== undefined) return;
    this.#client = this.#start();
    this.#client.catch((error: unknown) => {
      this.#log.error(error instanceof Error ? error : String(error));
      const message = 'Recipes cannot be checked: the language server does not start. The log says why.';
      void vscode.window.showErrorMessage(message, 'Show Log').then((answer) => {
        if (answer !== undefined) this.#log.show();
      });
    });
  }

  async #start(): Promise<RunningClient> {
    // Loaded with the first recipe: most windows never open one.
    const { startLanguageClient } = await import('./languageClient');
    return startLanguageClient(this.#serverFile, schemes, this.#log);
  }
}
