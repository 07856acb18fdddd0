import * as vscode from 'vscode';
import type { DescribedAdapter } from '../../run/adapterBases';
import { wordsOf } from '../engine/editorWords';
import type { EngineClient } from '../engine/engineClient';
import type { Disposable } from '../signal';
import { signalOf } from '../signalOf';
import { systemClock } from '../views/coalesce';
import { ChatEngines } from './chatEngines';
import { chatModels, type AdapterModel } from './chatModels';
import { samplingOf, turnOf, turnsOf } from './conversation';
import type { ChatModelAnswers, ChatRequestMessage, ChatResponseOptions, LanguageModelApi } from './languageModelApi';

export interface ChatOptions {
  readonly api: LanguageModelApi;
  startEngine(): Promise<EngineClient>;
  /** Absolute paths of the workspace's adapter folders. */
  adapters(): Thenable<readonly string[]>;
  idleMinutes(): number;
  readonly log: (line: string) => void;
  /** A base model that was not there is there now. */
  readonly onFound: () => void;
}

/** Brings the workspace's adapters into VS Code's chat. Each answer is written in an engine process. */
export class ChatProvider implements ChatModelAnswers<AdapterModel>, Disposable {
  readonly #options: ChatOptions;
  readonly #engines: ChatEngines;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#engines = new ChatEngines({
      startEngine: () => options.startEngine(),
      clock: systemClock,
      idleMinutes: () => options.idleMinutes(),
    });
  }

  async provideLanguageModelChatInformation(_: unknown, token: vscode.CancellationToken): Promise<AdapterModel[]> {
    if (!vscode.workspace.isTrusted) return [];
    const folders = await this.#options.adapters();
    if (folders.length === 0) return [];
    try {
      const described = await this.#engines.describe(folders, signalOf(token));
      return [...chatModels(described, (folder) => vscode.workspace.asRelativePath(folder))];
    } catch (error) {
      // Somebody else's question for models must not fail for these.
      if (!token.isCancellationRequested) this.#options.log(`No adapter is offered in the chat: ${wordsOf(error)}`);
      return [];
    }
  }

  async provideLanguageModelChatResponse(
    { described, name }: AdapterModel,
    messages: readonly ChatRequestMessage[],
    options: ChatResponseOptions,
    progress: vscode.Progress<unknown>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const { api, log } = this.#options;
    const began = performance.now();
    try {
      const turns = turnsOf(messages, (part) => api.textOf(part));
      const signal = signalOf(token);
      const current = await this.#look(described, signal);
      const tell = (text: string): void => {
        if (!token.isCancellationRequested) progress.report(api.text(text));
      };
      const answering = this.#engines.answer(current, { turns, sampling: samplingOf(options) }, tell, signal);
      const answer = await Promise.race([answering, aborted(signal)]);
      answering.catch(() => undefined);
      if (answer === undefined) return;
      const seconds = ((performance.now() - began) / 1000).toFixed(2);
      const { finishReason, promptTokens, completionTokens } = answer;
      log(`Chat: ${name} answered ${promptTokens} tokens with ${completionTokens} in ${seconds} s (${finishReason})`);
    } catch (error) {
      if (token.isCancellationRequested) return;
      throw new Error(wordsOf(error), { cause: error });
    }
  }

  async provideTokenCount({ described }: AdapterModel, text: string | ChatRequestMessage): Promise<number> {
    const { api } = this.#options;
    try {
      const counted = typeof text === 'string' ? text : turnOf(text, (part) => api.textOf(part));
      return await this.#engines.count(described, counted);
    } catch (error) {
      throw new Error(wordsOf(error), { cause: error });
    }
  }

  dispose(): void {
    this.#engines.dispose();
  }

  /** A base model that was missing may have been downloaded since. */
  async #look(described: DescribedAdapter, signal: AbortSignal): Promise<DescribedAdapter> {
    if (described.base !== null) return described;
    const [current] = await this.#engines.describe([described.folder], signal);
    if (current?.base == null) return current ?? described;
    this.#options.onFound();
    return current;
  }
}

/** Resolves when the signal is aborted: nobody waits for a model that is still being loaded. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const done = (): void => resolve(undefined);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
