import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import type { CompletionItem, CompletionList, Diagnostic, Position, TextEdit } from 'vscode-languageserver-types';

export interface ClientOptions {
  readonly transport?: 'stdio' | 'ipc';
  /** Absolute paths of the folders that are open. */
  readonly folders: readonly string[];
  /** Milliseconds after which the server gives up a question; default: as long as a test waits. */
  readonly timeLimit?: number;
}

/** What never happens is told after so many milliseconds. */
const patience = 120_000;

/** A real language server in a process of its own, as an editor starts it. */
export class TestClient {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
  readonly log: string[] = [];
  /** Methods that the server has asked the editor for. */
  readonly asked: string[] = [];
  readonly #diagnostics = new Map<string, readonly Diagnostic[]>();
  readonly #watchers = new Set<() => void>();
  readonly #versions = new Map<string, number>();
  readonly #written: Buffer[] = [];
  readonly #ended: Promise<number | null>;
  /** The folders that are open now. */
  folders: readonly string[] = [];

  constructor(t: Pick<TestContext, 'after'>, transport: 'stdio' | 'ipc') {
    const isStdio = transport === 'stdio';
    const command = isStdio ? ['cli.js', 'language-server', '--stdio'] : ['languageServer.js', '--node-ipc'];
    const [script = '', ...rest] = command;
    this.process = spawn(process.execPath, [path.resolve('dist', script), ...rest], {
      stdio: isStdio ? ['pipe', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.process.stdout?.on('data', (bytes: Buffer) => this.#written.push(bytes));
    this.process.stderr?.on('data', (bytes: Buffer) => this.log.push(String(bytes)));
    this.#ended = new Promise((resolve) => this.process.once('exit', resolve));
    // What is still on its way to a server that a test has killed is lost, and nobody's failure.
    this.process.stdin?.on('error', () => undefined);
    this.process.on('error', (error) => this.log.push(String(error)));
    this.connection = isStdio
      ? createMessageConnection(wholeMessages(this.process.stdout!), new StreamMessageWriter(this.process.stdin!))
      : createMessageConnection(new IPCMessageReader(this.process), new IPCMessageWriter(this.process));
    this.#listen();
    t.after(async () => {
      this.connection.dispose();
      this.process.kill('SIGKILL');
      await this.#ended;
    });
  }

  /** Starts one and introduces it to the folders. */
  static async start(t: Pick<TestContext, 'after'>, options: ClientOptions): Promise<TestClient> {
    const client = new TestClient(t, options.transport ?? 'stdio');
    await client.initialize(options);
    return client;
  }

  async initialize({ folders, timeLimit = patience }: ClientOptions): Promise<unknown> {
    this.folders = folders;
    const answer = await this.request('initialize', {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: workspaceFolders(folders),
      initializationOptions: { timeLimit },
      capabilities: {
        workspace: {
          workspaceFolders: true,
          didChangeWatchedFiles: { dynamicRegistration: true },
          codeLens: { refreshSupport: true },
          inlayHint: { refreshSupport: true },
        },
      },
    });
    await this.notify('initialized', {});
    return answer;
  }

  request<Answer>(method: string, params: unknown): Promise<Answer> {
    return this.connection.sendRequest(method, params);
  }

  notify(method: string, params: unknown): Promise<void> {
    return this.connection.sendNotification(method, params);
  }

  async open(uri: string, text: string): Promise<void> {
    this.#versions.set(uri, 1);
    await this.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'lora', version: 1, text } });
  }

  /** Replaces the whole text. */
  async change(uri: string, text: string): Promise<void> {
    const version = (this.#versions.get(uri) ?? 0) + 1;
    this.#versions.set(uri, version);
    await this.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
  }

  async close(uri: string): Promise<void> {
    await this.notify('textDocument/didClose', { textDocument: { uri } });
  }

  async changedOnDisk(...files: readonly string[]): Promise<void> {
    const changes = files.map((file) => ({ uri: uriOf(file), type: 2 }));
    await this.notify('workspace/didChangeWatchedFiles', { changes });
  }

  ask<Answer>(method: string, uri: string, more: object = {}): Promise<Answer> {
    return this.request(`textDocument/${method}`, { textDocument: { uri }, ...more });
  }

  /** Titles above the text. */
  async lenses(uri: string): Promise<readonly string[]> {
    const lenses = await this.ask<readonly { readonly command: { readonly title: string } }[]>('codeLens', uri);
    return lenses.map(({ command }) => command.title);
  }

  /** What is offered at a place, once all that could be offered has been read. */
  async offers(uri: string, position: Position): Promise<readonly CompletionItem[]> {
    let items: readonly CompletionItem[] = [];
    await this.asksUntil('all that can be offered', async () => {
      const list = await this.ask<CompletionList>('completion', uri, { position });
      items = list.items;
      return !list.isIncomplete;
    });
    return items;
  }

  /** Asks again and again until the answer is what is wanted. */
  async asksUntil(what: string, isThere: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + patience;
    while (!(await isThere())) {
      if (Date.now() > end) assert.fail(`After ${patience / 1000} s there is not ${what}; ${JSON.stringify(this.log)}`);
    }
  }

  /** Edits that a rename of files brings, by uri. */
  async renames(from: string, to: string): Promise<Readonly<Record<string, readonly TextEdit[]>>> {
    const files = [{ oldUri: uriOf(from), newUri: uriOf(to) }];
    const { changes } = await this.request<{ changes: Record<string, TextEdit[]> }>('workspace/willRenameFiles', {
      files,
    });
    return changes;
  }

  /** What a file shows. */
  diagnostics(uri: string): readonly Diagnostic[] {
    return this.#diagnostics.get(uri) ?? [];
  }

  /** Codes that a file shows; undefined before the first. */
  codes(uri: string): readonly string[] | undefined {
    return this.#diagnostics.get(uri)?.map(({ code }) => String(code));
  }

  /** Waits until a file shows what is wanted. */
  async shows(uri: string, isWanted: (codes: readonly string[]) => boolean): Promise<readonly Diagnostic[]> {
    await this.until(
      () => isWanted(this.codes(uri) ?? ['nothing yet']),
      () => `${uri} shows ${JSON.stringify(this.#diagnostics.get(uri))}`,
    );
    return this.diagnostics(uri);
  }

  /** Waits until the log says something. */
  async says(pattern: RegExp): Promise<void> {
    await this.until(
      () => this.log.some((line) => pattern.test(line)),
      () => `the log says ${JSON.stringify(this.log)}`,
    );
  }

  /** Waits for something that comes with a message of the server. */
  until(isThere: () => boolean, otherwise: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`After ${patience / 1000} s ${otherwise()}`)), patience);
      const look = (): void => {
        if (!isThere()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** The exit code, once the process has ended. */
  async ended(): Promise<number | null> {
    const tooLong = AbortSignal.timeout(patience);
    const never = new Promise<never>((_, reject) => {
      tooLong.addEventListener('abort', () => reject(new Error(`After ${patience / 1000} s the server still runs`)));
    });
    return Promise.race([this.#ended, never]);
  }

  /** Fails where anything but messages was written on stdout. */
  assertOnlyMessages(): void {
    let rest = Buffer.concat(this.#written);
    while (rest.length > 0) {
      const head = /^Content-Length: (\d+)\r\n\r\n/.exec(rest.toString('latin1', 0, 64));
      assert.ok(head !== null, `stdout holds ${JSON.stringify(rest.toString('utf8', 0, 200))}`);
      const [whole, length] = head;
      const end = whole.length + Number(length);
      assert.ok(rest.length >= end, 'a message is cut off');
      JSON.parse(rest.toString('utf8', whole.length, end));
      rest = rest.subarray(end);
    }
  }

  #listen(): void {
    const told = (): void => [...this.#watchers].forEach((look) => look());
    this.connection.onNotification((method: string, params: unknown) => {
      if (method === 'textDocument/publishDiagnostics') {
        const { uri, diagnostics } = params as { readonly uri: string; readonly diagnostics: readonly Diagnostic[] };
        this.#diagnostics.set(uri, diagnostics);
      } else if (method === 'window/logMessage') this.log.push((params as { readonly message: string }).message);
      told();
    });
    this.connection.onRequest((method: string) => {
      this.asked.push(method);
      told();
      return method === 'workspace/workspaceFolders' ? workspaceFolders(this.folders) : null;
    });
    this.connection.listen();
  }
}

export function workspaceFolders(folders: readonly string[]): readonly { uri: string; name: string }[] {
  return folders.map((folder) => ({ uri: uriOf(folder), name: path.basename(folder) }));
}

export function uriOf(file: string): string {
  return pathToFileURL(file).toString();
}

/** Without the timer for messages that come in parts: a server killed in the middle of one would leave it running forever. */
function wholeMessages(stream: Readable): StreamMessageReader {
  const reader = new StreamMessageReader(stream);
  reader.partialMessageTimeout = 0;
  return reader;
}
