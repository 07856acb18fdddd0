import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { IPCMessageReader, IPCMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { notifications } from '../../run/engineProtocol';
import type { LogLevel } from '../../run/engineProtocol';
import { EngineCrash } from './engineCrash';

const keptLines = 20;

export interface ProcessOptions {
  readonly engineFile: string;
  log(line: string, level: LineLevel): void;
  /** Whether each message that arrives is a line of level `trace`; without it none is. */
  isTraced?(): boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the engine says is `info`, `warning` or `error`; its comings and goings are `debug`, messages `trace`. */
export type LineLevel = LogLevel | 'debug' | 'trace';

/** The child process and its channel: how it starts, what it says beside the protocol, how it ended. */
export class EngineProcess {
  readonly connection: MessageConnection;
  /** Resolves, after all that the process had sent was handled, to what those who still wait for it are told. */
  readonly ended: Promise<EngineCrash>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #arrived = 0;
  #handled = 0;

  constructor(private readonly options: ProcessOptions) {
    // Without the flags of this process: a debugger's port is not meant for two.
    this.#child = spawn(process.execPath, [options.engineFile], {
      env: { ...process.env, ...options.environment, ELECTRON_RUN_AS_NODE: '1' },
      // Nothing is ever written to stdin: its end tells the child that this process is gone.
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
      windowsHide: true,
    });
    this.ended = this.#whenEnded();
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.say(line));
    }
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('message', () => this.#arrived++);
    this.connection = createMessageConnection(
      new IPCMessageReader(this.#child),
      new IPCMessageWriter(this.#child),
      undefined,
      {
        messageStrategy: {
          handleMessage: async (message, next) => {
            if (options.isTraced?.() === true) options.log(`← ${JSON.stringify(message)}`, 'trace');
            await next(message);
            this.#handled++;
          },
        },
      },
    );
    this.connection.onNotification(notifications.log, ({ level, message }) => {
      for (const line of message.split('\n')) this.say(line, level);
    });
    this.connection.listen();
  }

  /** Logs a line and keeps it for a crash. */
  say(line: string, level: LineLevel = 'info'): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    this.options.log(line, level);
  }

  /** Logs what this side does. */
  note(line: string): void {
    this.options.log(line, 'debug');
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async #whenEnded(): Promise<EngineCrash> {
    const crash = await new Promise<() => EngineCrash>((resolve) => {
      this.#child.once('error', (error) => {
        // Also for a signal that could not be sent, which `close` then follows.
        if (this.#child.pid === undefined) {
          resolve(() => new EngineCrash(`The engine could not be started: ${error.message}.`, this.#lines));
        }
      });
      this.#child.once('close', (exitCode, signal) => {
        const how = signal ?? `exit code ${exitCode ?? 'unknown'}`;
        const message = `The engine ended unexpectedly (${how}).`;
        this.note(`The engine process ${this.#child.pid ?? ''} has ended (${how}).`);
        resolve(() => new EngineCrash(message, [...this.#lines], exitCode, signal));
      });
    });
    // The connection handles one message a turn; what the run said before its end comes before that end.
    while (this.#handled < this.#arrived) await new Promise((resolve) => setImmediate(resolve));
    return crash();
  }
}
