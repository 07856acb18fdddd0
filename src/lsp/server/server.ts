import { TextDocument } from 'vscode-languageserver-textdocument';
import {
  CodeLensRefreshRequest,
  DidChangeWatchedFilesNotification,
  LSPErrorCodes,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
  type CancellationToken,
  type Connection,
  type InitializeParams,
  type InitializeResult,
  type Position,
  type TextDocumentIdentifier,
  type TextEdit,
} from 'vscode-languageserver/node';
import { fileURLToPath } from 'node:url';
import { createLanguageService, type LanguageService } from '../service/languageService';
import { withoutSnippets } from '../service/completions/suggestion';
import { openRecipe, type RecipeDocument } from '../service/recipeDocument';
import { FactStore } from './factStore';
import { FactProcess } from './factProcess';
import { Publisher } from './publisher';
import { recipesIn, textOf } from './recipeFiles';
import { uriOf } from './targets';
import type { FileRename } from '../service/renames';

export interface ServerOptions {
  /** Absolute path of `recipeFacts.js`, the bundle of its child processes. */
  readonly factsFile: string;
  /** The page that explains a code. */
  readonly page: (code: string) => string | undefined;
}

/** Files whose change may change what is known of a recipe. */
const watched = '**/*.{json,jsonc,jsonl,ndjson,csv,tsv,parquet,txt,md,jinja,safetensors,gguf}';

/** Below these nothing is anyone's own: packages, and what tools keep for themselves, such as the runs in `.lora`. */
const unwatched = /\/(node_modules|__pycache__|\.[^/]+)\//;

/**
 * Milliseconds after which a child process that tokenizes and plans is ended; one that reads the model and the first rows after
 * a third of it. Sound work takes a second, on a busy machine many.
 */
const usualTimeLimit = 60_000;

/** Milliseconds in which answers that arrive together are shown together. */
const refreshPause = 50;

/** What an editor wants to know of recipes, over the Language Server Protocol. */
export class RecipeServer {
  readonly #connection: Connection;
  readonly #documents = new TextDocuments(TextDocument);
  readonly #opened = new Map<string, { readonly version: number; readonly document: RecipeDocument }>();
  readonly #store: FactStore;
  readonly #children: readonly FactProcess[];
  /** Answers at once, with what is known. */
  readonly #instant: LanguageService;
  /** Waits a little for what is asked for by hand. */
  readonly #patient: LanguageService;
  readonly #publisher: Publisher;
  #workspace: readonly string[] = [];
  #timeLimit = usualTimeLimit;
  #capabilities: InitializeParams['capabilities'] = {};
  #isRefreshAsked = false;

  constructor(connection: Connection, { factsFile, page }: ServerOptions) {
    this.#connection = connection;
    const log = (line: string): void => connection.console.log(line);
    const quick = new FactProcess({ file: factsFile, limit: () => this.#timeLimit / 3, heap: 128, log });
    const slow = new FactProcess({ file: factsFile, limit: () => this.#timeLimit, heap: 256, log });
    this.#children = [quick, slow];
    this.#store = new FactStore({
      quick,
      slow,
      workspace: () => this.#workspace,
      changed: (uri) => this.#factsChanged(uri),
      rest: 300,
    });
    const addresses = { page, uri: uriOf };
    this.#instant = createLanguageService(this.#store.sources(false), addresses);
    this.#patient = createLanguageService(this.#store.sources(true), addresses);
    this.#publisher = new Publisher((uri, diagnostics) => {
      this.#askEditor(connection.sendDiagnostics({ uri, diagnostics: [...diagnostics] }));
    });
    this.#answerLifeCycle();
    this.#answerQuestions();
    this.#followDocuments();
  }

  /** Starts to listen; whoever made the connection ends the process with it. */
  listen(): void {
    this.#documents.listen(this.#connection);
    this.#connection.listen();
  }

  #answerLifeCycle(): void {
    this.#connection.onInitialize((params) => this.#initialize(params));
    this.#connection.onInitialized(() => {
      this.#children[0]?.warmUp();
      if (this.#capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true) {
        const watchers = [{ globPattern: watched }];
        this.#askEditor(this.#connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }));
      }
      if (this.#capabilities.workspace?.workspaceFolders === true) {
        this.#connection.workspace.onDidChangeWorkspaceFolders(async () => {
          const folders = await this.#connection.workspace.getWorkspaceFolders();
          this.#workspace = pathsOf(folders ?? []);
          this.#store.forgetFiles();
        });
      }
    });
    this.#connection.onShutdown(async () => {
      await Promise.all(this.#children.map((child) => child.dispose()));
    });
    this.#connection.onDidChangeWatchedFiles(({ changes }) => {
      if (changes.some(({ uri }) => !unwatched.test(uri))) this.#store.forgetFiles();
    });
  }

  #initialize({ capabilities, workspaceFolders, rootUri, initializationOptions }: Started): InitializeResult {
    this.#capabilities = capabilities;
    const { timeLimit } = (initializationOptions ?? {}) as { readonly timeLimit?: unknown };
    if (typeof timeLimit === 'number' && timeLimit > 0) this.#timeLimit = timeLimit;
    // Editors without workspace folders name one root.
    this.#workspace = pathsOf(workspaceFolders ?? (typeof rootUri === 'string' ? [{ uri: rootUri }] : []));
    const isRecipe = { pattern: { glob: '**/*', matches: 'file' as const } };
    const anyFolder = { pattern: { glob: '**', matches: 'folder' as const } };
    return {
      serverInfo: { name: 'lora' },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
        completionProvider: { triggerCharacters: ['"', ':', '/', ' '] },
        hoverProvider: true,
        codeActionProvider: { codeActionKinds: ['quickfix', 'source.fixAll.lora'] },
        codeLensProvider: {},
        inlayHintProvider: true,
        documentLinkProvider: {},
        documentSymbolProvider: true,
        foldingRangeProvider: true,
        documentFormattingProvider: true,
        workspace: {
          workspaceFolders: { supported: true, changeNotifications: true },
          fileOperations: { willRename: { filters: [isRecipe, anyFolder] } },
        },
      },
    };
  }

  #answerQuestions(): void {
    const connection = this.#connection;
    const at = <Params extends { textDocument: TextDocumentIdentifier }, Result>(
      answer: (document: RecipeDocument, params: Params) => Result,
      nothing: Awaited<Result>,
    ) => {
      return async (params: Params, token: CancellationToken): Promise<Awaited<Result> | ResponseError<undefined>> => {
        const document = this.#document(params.textDocument.uri);
        const answered = document === undefined ? nothing : await answer(document, params);
        return token.isCancellationRequested
          ? new ResponseError(LSPErrorCodes.RequestCancelled, 'Not asked any more')
          : answered;
      };
    };
    interface Place {
      textDocument: TextDocumentIdentifier;
      position: Position;
    }
    connection.onCompletion(
      at(
        async (document, { position }: Place) => {
          const offered = await this.#patient.completions(document, position);
          const { completionItem } = this.#capabilities.textDocument?.completion ?? {};
          const items = completionItem?.snippetSupport === true ? offered : withoutSnippets(offered);
          // More is there with the next letter.
          return { isIncomplete: this.#store.isReading(document.uri), items };
        },
        { isIncomplete: false, items: [] },
      ),
    );
    connection.onHover(
      at(async (document, { position }: Place) => (await this.#patient.hover(document, position)) ?? null, null),
    );
    connection.onCodeAction(
      at((document, { range, context }) => this.#instant.codeActions(document, range, context.only), []),
    );
    connection.onCodeLens(at((document) => this.#instant.codeLenses(document), []));
    connection.languages.inlayHint.on(at((document) => this.#instant.inlayHints(document), []));
    connection.onDocumentLinks(at((document) => this.#instant.links(document), []));
    connection.onDocumentSymbol(at((document) => this.#instant.symbols(document), []));
    connection.onFoldingRanges(at((document) => this.#instant.folds(document), []));
    connection.onDocumentFormatting(at((document, { options }) => this.#instant.format(document, options), []));
    connection.workspace.onWillRenameFiles(async ({ files }) => {
      const renames = files.flatMap(({ oldUri, newUri }) => {
        const [from, to] = [pathOf(oldUri), pathOf(newUri)];
        return from === undefined || to === undefined ? [] : [{ from, to }];
      });
      return { changes: await this.#renameEdits(renames) };
    });
  }

  /** Edits in every recipe of the workspace, open or not. */
  async #renameEdits(renames: readonly FileRename[]): Promise<Record<string, TextEdit[]>> {
    const open = this.#documents.keys().flatMap((uri) => this.#document(uri) ?? []);
    const others = (await recipesIn(this.#workspace)).filter(
      (file) => !open.some((document) => document.file === file),
    );
    const closed = await Promise.all(others.map(async (file) => openRecipe(uriOf(file), file, await textOf(file))));
    const edits = [...open, ...closed].map(
      (document) => [document.uri, this.#instant.renames(document, renames)] as const,
    );
    return Object.fromEntries(edits.filter(([, changes]) => changes.length > 0));
  }

  #followDocuments(): void {
    this.#documents.onDidChangeContent(({ document: { uri } }) => this.#publish(uri));
    this.#documents.onDidSave(() => this.#store.forgetFiles());
    this.#documents.onDidClose(({ document: { uri } }) => {
      this.#opened.delete(uri);
      this.#store.close(uri);
      this.#publisher.forget(uri);
    });
  }

  /** What an editor refuses is no reason to end. */
  #askEditor(asked: Promise<unknown>): void {
    asked.catch((error: unknown) => this.#connection.console.error(wordsOf(error)));
  }

  #publish(uri: string): void {
    this.#checkAndSend(uri).catch((error: unknown) => this.#connection.console.error(wordsOf(error)));
  }

  /** At once what the recipe itself tells; the rest follows as it becomes known. */
  async #checkAndSend(uri: string): Promise<void> {
    const document = this.#document(uri);
    if (document === undefined) return;
    const diagnostics = await this.#instant.diagnostics(document);
    // Typed on, or closed, meanwhile: a newer answer is on its way.
    if (this.#document(uri) === document) this.#publisher.publish(uri, diagnostics);
  }

  #factsChanged(uri: string): void {
    this.#publish(uri);
    if (this.#isRefreshAsked) return;
    this.#isRefreshAsked = true;
    setTimeout(() => {
      this.#isRefreshAsked = false;
      const { codeLens, inlayHint } = this.#capabilities.workspace ?? {};
      if (codeLens?.refreshSupport === true) this.#askEditor(this.#connection.sendRequest(CodeLensRefreshRequest.type));
      if (inlayHint?.refreshSupport === true) this.#askEditor(this.#connection.languages.inlayHint.refresh());
    }, refreshPause);
  }

  #document(uri: string): RecipeDocument | undefined {
    const current = this.#documents.get(uri);
    if (current === undefined) return undefined;
    const known = this.#opened.get(uri);
    if (known?.version === current.version) return known.document;
    const document = openRecipe(uri, pathOf(uri), current.getText());
    this.#opened.set(uri, { version: current.version, document });
    return document;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

type Started = Pick<InitializeParams, 'capabilities' | 'workspaceFolders' | 'initializationOptions'> & {
  readonly rootUri?: string | null | undefined;
};

function pathOf(uri: string): string | undefined {
  if (!uri.startsWith('file:')) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    // A server's name in it, on a system that has no such paths.
    return undefined;
  }
}

function pathsOf(folders: readonly { readonly uri: string }[]): readonly string[] {
  return folders.flatMap(({ uri }) => pathOf(uri) ?? []);
}
