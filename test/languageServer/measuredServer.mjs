import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';

const cli = path.join(import.meta.dirname, '../../dist/cli.js');

/** The process, and what it has said. */
export class MeasuredServer {
  #child = spawn(process.execPath, [cli, 'language-server', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  #connection = createMessageConnection(
    new StreamMessageReader(this.#child.stdout),
    new StreamMessageWriter(this.#child.stdin),
  );
  #codes = new Map();
  #waiting = new Set();

  constructor() {
    this.#connection.onNotification((method, params) => {
      if (method === 'textDocument/publishDiagnostics')
        this.#codes.set(
          params.uri,
          params.diagnostics.map(({ code }) => code),
        );
      this.#tell();
    });
    this.#connection.onRequest(() => {
      this.#tell();
      return null;
    });
    this.#connection.listen();
  }

  async initialize(folder) {
    const workspace = { workspaceFolders: true, codeLens: { refreshSupport: true } };
    const workspaceFolders = [{ uri: pathToFileURL(folder).href, name: 'measured' }];
    await this.request('initialize', { processId: process.pid, workspaceFolders, capabilities: { workspace } });
    this.notify('initialized', {});
  }

  request(method, params) {
    return this.#connection.sendRequest(method, params);
  }

  notify(method, params) {
    void this.#connection.sendNotification(method, params);
  }

  async published(uri, isWanted) {
    while (!this.#codes.has(uri) || !isWanted(this.#codes.get(uri))) await this.anyMessage();
  }

  /** Resolves with the next notification or request of the server. */
  anyMessage() {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Megabytes of the process with its threads, now and at most. */
  memory() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]) / 1000;
    return { now: of('VmRSS'), peak: of('VmHWM') };
  }

  kill() {
    this.#connection.dispose();
    this.#child.kill('SIGKILL');
  }

  #tell() {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of all) resolve();
  }
}
