import * as vscode from 'vscode';

/**
 * The part of VS Code's interface by which an extension brings chat models. It is stable since 1.104, and the extension
 * runs on older ones, whose types it is compiled with: what is needed is declared here, and `languageModelApi` says
 * whether it is there.
 */

/** A model as the picker shows it. */
export interface ChatModelInformation {
  /** Unique among this extension's models. */
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  readonly detail?: string;
  readonly tooltip?: string;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  readonly capabilities: { readonly imageInput?: boolean; readonly toolCalling?: boolean | number };
}

/** A message of a conversation. */
export interface ChatRequestMessage {
  /** 1: user, 2: assistant, 3: system, which only VS Code itself sends. */
  readonly role: number;
  readonly content: readonly unknown[];
}

export interface ChatResponseOptions {
  readonly modelOptions?: Readonly<Record<string, unknown>>;
  readonly tools?: readonly unknown[];
  /** 2: the model must call a tool. */
  readonly toolMode?: number;
}

/** What VS Code asks of a provider. */
export interface ChatModelAnswers<Model extends ChatModelInformation> {
  provideLanguageModelChatInformation(
    options: { readonly silent: boolean },
    token: vscode.CancellationToken,
  ): Promise<Model[]>;
  provideLanguageModelChatResponse(
    model: Model,
    messages: readonly ChatRequestMessage[],
    options: ChatResponseOptions,
    progress: vscode.Progress<unknown>,
    token: vscode.CancellationToken,
  ): Promise<void>;
  provideTokenCount(model: Model, text: string | ChatRequestMessage, token: vscode.CancellationToken): Promise<number>;
}

export interface ChatModelProvider<Model extends ChatModelInformation> extends ChatModelAnswers<Model> {
  readonly onDidChangeLanguageModelChatInformation: vscode.Event<void>;
}

export interface LanguageModelApi {
  register<Model extends ChatModelInformation>(vendor: string, provider: ChatModelProvider<Model>): vscode.Disposable;
  /** A part of an answer. */
  text(value: string): unknown;
  /** Its text, where a part of a message is one. */
  textOf(part: unknown): string | undefined;
}

type TextPart = new (value: string) => { readonly value: string };

/** `undefined` on a VS Code that takes no chat models. */
export function languageModelApi(): LanguageModelApi | undefined {
  const lm = (vscode as { readonly lm?: object }).lm as
    | { readonly registerLanguageModelChatProvider?: (vendor: string, provider: object) => vscode.Disposable }
    | undefined;
  const Part = (vscode as { readonly LanguageModelTextPart?: TextPart }).LanguageModelTextPart;
  if (typeof lm?.registerLanguageModelChatProvider !== 'function' || Part === undefined) return undefined;
  return {
    register: (vendor, provider) => lm.registerLanguageModelChatProvider!(vendor, provider),
    text: (value) => new Part(value),
    textOf: (part) => (part instanceof Part ? part.value : undefined),
  };
}
