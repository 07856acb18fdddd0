import * as vscode from 'vscode';
import type { EngineClient } from '../engine/engineClient';
import type { Disposable } from '../signal';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { vendor, type AdapterModel } from './chatModels';
import type { ChatProvider } from './chatProvider';
import { languageModelApi, type LanguageModelApi } from './languageModelApi';

export interface AdaptersInChatOptions {
  readonly files: WorkspaceFiles;
  startEngine(): Promise<EngineClient>;
  /** How long a model stays loaded after its last answer. */
  idleMinutes(): number;
  readonly log: (line: string) => void;
}

/** Files are written one after the other: milliseconds until all of an adapter is there. */
const settleTime = 500;

/**
 * Adapters as models of VS Code's chat, where it takes any. Nothing is loaded before VS Code asks which models there are.
 */
export class AdaptersInChat implements Disposable {
  readonly #options: AdaptersInChatOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: Disposable[] = [this.#changed];
  #provider: Promise<ChatProvider> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AdaptersInChatOptions) {
    this.#options = options;
    const api = languageModelApi();
    if (api === undefined) return;
    this.#subscriptions.push(
      api.register<AdapterModel>(vendor, {
        onDidChangeLanguageModelChatInformation: this.#changed.event,
        provideLanguageModelChatInformation: async (asked, token) =>
          (await this.#open(api)).provideLanguageModelChatInformation(asked, token),
        provideLanguageModelChatResponse: async (model, messages, asked, progress, token) =>
          (await this.#open(api)).provideLanguageModelChatResponse(model, messages, asked, progress, token),
        provideTokenCount: async (model, text) => (await this.#open(api)).provideTokenCount(model, text),
      }),
      options.files.onDidChange((kind) => {
        if (kind === 'adapters') this.#tellSoon();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#tellSoon()),
    );
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    void this.#provider?.then((provider) => provider.dispose());
  }

  /** VS Code asks again which models there are; where it never did, nobody wants to know. */
  #tellSoon(): void {
    if (this.#provider === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed.fire(), settleTime);
  }

  #open(api: LanguageModelApi): Promise<ChatProvider> {
    this.#provider ??= import('./chatProvider').then(({ ChatProvider: Provider }) => {
      const { files, log } = this.#options;
      return new Provider({
        ...{ api, log },
        startEngine: () => this.#options.startEngine(),
        adapters: () => files.adapters(),
        idleMinutes: () => this.#options.idleMinutes(),
        onFound: () => this.#tellSoon(),
      });
    });
    return this.#provider;
  }
}
