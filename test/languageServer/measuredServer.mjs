import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
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
  #now = 0;
  #peak = 0;
  #watch = setInterval(() => this.#look(), 50);

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

  /** Megabytes of the process with its children, now and at most. */
  memory() {
    this.#look();
    return { now: this.#now, peak: this.#peak };
  }

  kill() {
    clearInterval(this.#watch);
    this.#connection.dispose();
    this.#child.kill('SIGKILL');
  }

  /** What each process has for itself, and once what all read from the same files: the code of Node. */
  #look() {
    const all = family(this.#child.pid).map(residentMegabytes);
    this.#now = all.reduce((sum, { own }) => sum + own, 0) + Math.max(0, ...all.map(({ code }) => code));
    this.#peak = Math.max(this.#peak, this.#now);
  }

  #tell() {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of all) resolve();
  }
}

/** A process and all that it has started. */
function family(pid) {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
  return [pid, ...children.flatMap(family)];
}

function residentMegabytes(pid) {
  const status = textOf(`/proc/${pid}/status`);
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1000;
  return { own: of('RssAnon') + of('RssShmem'), code: of('RssFile') };
}

/** Empty for a process that has ended meanwhile. */
function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
